"""API keys, and who sees a ticket, at services that do not know it: the issuer is asked."""

from collections.abc import Sequence

import httpx
import pytest

from patchbay_kit.auth import (
    Principal,
    SigningKey,
    StaticKeys,
    TokenIssuer,
    TokenVerifier,
    Verifier,
)
from patchbay_kit.auth.bearers import (
    FRESH_SECONDS,
    Bearers,
    FreshTokens,
    HttpApiKeys,
    HttpCallers,
    HttpTickets,
    bearers,
)
from patchbay_kit.errors import ProblemError

KEY = "pbk_4f9a01c2_" + "x" * 43
TICKET = "01890000-0000-7000-8000-000000000001"
ME = {
    "id": "k-1",
    "kind": "api_key",
    "name": "Monitoring",
    "email": None,
    "permissions": ["desk"],
    "account_id": None,
}
PRINCIPAL = Principal("k-1", "api_key", "Monitoring", None, frozenset({"desk"}))


class _Issuer:
    """Answers as `GET /v1/auth/me` does; `down` refuses connections."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status, self.down, self.body = 200, False, dict(ME)

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(request.headers["Authorization"])
            if self.down:
                raise httpx.ConnectError("refused")
            return httpx.Response(self.status, json=self.body)

        return httpx.MockTransport(answer)


def _callers(issuer: _Issuer, now: Sequence[float] = (0.0,)) -> HttpCallers:
    return HttpCallers(
        "http://i/v1/auth/me", transport=issuer.transport(), monotonic=lambda: now[0]
    )


async def _refusal(keys: Verifier, key: str = KEY) -> tuple[int, str]:
    with pytest.raises(ProblemError) as caught:
        await keys.verify(key)
    return caught.value.status, caught.value.code


async def test_a_key_is_asked_about_once_in_half_a_minute() -> None:
    now, issuer = [0.0], _Issuer()
    keys = HttpApiKeys(_callers(issuer, now))
    assert [await keys.verify(KEY) for _ in range(3)] == [PRINCIPAL] * 3
    assert issuer.asked == [f"Bearer {KEY}"]
    issuer.status = 401
    now[0] = FRESH_SECONDS
    assert [await _refusal(keys) for _ in range(3)] == [(401, "token_invalid")] * 3
    assert len(issuer.asked) == 2


async def test_nobody_is_let_in_and_nothing_is_kept_while_nobody_can_say() -> None:
    issuer = _Issuer()
    keys = HttpApiKeys(_callers(issuer))
    issuer.down = True
    assert await _refusal(keys) == (503, "identity_unavailable")
    issuer.down, issuer.status = False, 500
    assert await _refusal(keys) == (503, "identity_unavailable")
    issuer.status, issuer.body = 200, {"id": "k-1"}
    assert await _refusal(keys) == (503, "identity_unavailable")
    issuer.body = dict(ME)
    assert await keys.verify(KEY) == PRINCIPAL


async def test_what_cannot_be_a_key_is_refused_without_asking() -> None:
    issuer = _Issuer()
    keys = HttpApiKeys(_callers(issuer))
    for key in ("pbk_" + "x" * 200, "pbk_ü"):
        assert await _refusal(keys, key) == (401, "token_invalid")
    assert issuer.asked == []


async def test_each_kind_of_credential_goes_to_who_knows_about_it() -> None:
    signing, issuer = SigningKey.generate(), _Issuer()
    terry = Principal("p-1", "employee", "Terry", None, frozenset({"desk"}))
    both = Bearers(
        TokenVerifier(StaticKeys([signing])),
        HttpApiKeys(_callers(issuer)),
        HttpTickets("http://i/v1/tickets", transport=issuer.transport()),
    )
    assert await both.verify(TokenIssuer([signing]).issue(terry).token) == terry
    assert await both.verify(KEY) == PRINCIPAL
    assert isinstance(bearers("http://ticket-svc:8080/.well-known/jwks.json"), Bearers)
    assert await both.sees(KEY, TICKET)


async def test_who_sees_a_ticket_is_asked_each_time_with_the_callers_own_credential() -> None:
    issuer = _Issuer()
    tickets = HttpTickets("http://i/v1/tickets", transport=issuer.transport())
    for status, seen in ((200, True), (404, False), (403, False), (401, False), (200, True)):
        issuer.status = status
        assert await tickets.sees("a-token", TICKET) is seen
    assert issuer.asked == ["Bearer a-token"] * 5
    for odd in ("../auth/me", "1000-1000", "counts", ""):
        assert not await tickets.sees("a-token", odd)
    assert len(issuer.asked) == 5


async def test_nobody_is_shown_a_ticket_while_nobody_can_say() -> None:
    issuer = _Issuer()
    tickets = HttpTickets("http://i/v1/tickets", transport=issuer.transport())
    for issuer.down, issuer.status in ((True, 200), (False, 500), (False, 302)):
        with pytest.raises(ProblemError) as caught:
            await tickets.sees("a-token", TICKET)
        assert (caught.value.status, caught.value.code) == (503, "identity_unavailable")


async def test_what_a_token_stands_for_is_half_a_minute_old_at_most() -> None:
    now, issuer, signing = [0.0], _Issuer(), SigningKey.generate()
    terry = Principal("p-1", "employee", "Terry", None, frozenset({"desk", "tickets.all"}))
    issuer.body = {**ME, "id": "p-1", "kind": "employee", "name": "Terry"}
    tokens = FreshTokens(TokenVerifier(StaticKeys([signing])), _callers(issuer, now))
    token = TokenIssuer([signing]).issue(terry).token
    assert [(await tokens.verify(token)).permissions for _ in range(3)] == [{"desk"}] * 3
    assert issuer.asked == [f"Bearer {token}"]
    issuer.status = 401
    now[0] = FRESH_SECONDS
    assert [await _refusal(tokens, token) for _ in range(2)] == [(401, "token_invalid")] * 2
    assert len(issuer.asked) == 2
    # A signature that is wrong is refused here, and nobody is asked.
    other = TokenIssuer([SigningKey.generate()]).issue(terry).token
    assert await _refusal(tokens, other) == (401, "token_invalid")
    assert len(issuer.asked) == 2


@pytest.mark.parametrize("trouble", ["down", "status", "body"])
async def test_while_nobody_can_say_a_tokens_own_word_counts(trouble: str) -> None:
    now, issuer, signing = [0.0], _Issuer(), SigningKey.generate()
    terry = Principal("p-1", "employee", "Terry", None, frozenset({"desk"}))
    issuer.down = trouble == "down"
    issuer.status = 500 if trouble == "status" else 200
    issuer.body = {**ME, "kind": "nobody"}
    tokens = FreshTokens(TokenVerifier(StaticKeys([signing])), _callers(issuer, now))
    token = TokenIssuer([signing]).issue(terry).token
    assert [await tokens.verify(token) for _ in range(3)] == [terry] * 3
    assert len(issuer.asked) == 1
    issuer.down, issuer.status = False, 401
    now[0] = FRESH_SECONDS
    assert await _refusal(tokens, token) == (401, "token_invalid")
