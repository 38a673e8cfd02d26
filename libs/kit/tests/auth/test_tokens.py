"""Tokens: who they are accepted from, and for how long."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest

from patchbay_kit.auth import (
    HttpJwks,
    Principal,
    SigningKey,
    StaticKeys,
    TokenIssuer,
    TokenVerifier,
)
from patchbay_kit.errors import ProblemError

KEY = SigningKey.generate()
TERRY = Principal("p-1", "employee", "Terry", "terry@desk.example", frozenset({"desk"}))


def verifier(*keys: SigningKey) -> TokenVerifier:
    return TokenVerifier(StaticKeys(keys or (KEY,)))


async def refusal(check: TokenVerifier, token: str) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        await check.verify(token)
    return caught.value


async def test_a_token_brings_its_principal_back() -> None:
    issued = TokenIssuer([KEY]).issue(TERRY)
    assert await verifier().verify(issued.token) == TERRY
    assert TERRY.actor == "employee:p-1"
    hours = (issued.expires_at - datetime.now(UTC)).total_seconds() / 3600
    assert 11.9 < hours <= 12


async def test_an_expired_token_is_refused() -> None:
    issuer = TokenIssuer([KEY], clock=lambda: datetime.now(UTC) - timedelta(hours=13))
    assert (await refusal(verifier(), issuer.issue(TERRY).token)).code == "token_expired"


async def test_a_remembered_token_still_expires() -> None:
    now = datetime.now(UTC).timestamp()
    clock = {"now": now}
    check = TokenVerifier(StaticKeys([KEY]), wall_clock=lambda: clock["now"])
    token = TokenIssuer([KEY], ttl=timedelta(seconds=60)).issue(TERRY).token
    await check.verify(token)
    clock["now"] = now + 59
    assert await check.verify(token) == TERRY
    assert check._known[next(iter(check._known))][1] <= now + 60


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "somebody-else"},
        {"aud": "somebody-else"},
        {"exp": None},
        {"sub": None},
        {"kind": "emperor"},
        {"permissions": "*"},
    ],
)
async def test_a_well_signed_token_with_wrong_claims_is_refused(claims: dict[str, Any]) -> None:
    good = jwt.decode(TokenIssuer([KEY]).issue(TERRY).token, options={"verify_signature": False})
    merged = {name: value for name, value in {**good, **claims}.items() if value is not None}
    token = jwt.encode(merged, KEY.private, algorithm="EdDSA", headers={"kid": KEY.kid})
    error = await refusal(verifier(), token)
    assert (error.status, error.code) == (401, "token_invalid")


async def test_tokens_of_strangers_and_unsigned_ones_are_refused() -> None:
    stranger = SigningKey.generate()
    claims = jwt.decode(TokenIssuer([KEY]).issue(TERRY).token, options={"verify_signature": False})
    tokens = [
        TokenIssuer([stranger]).issue(TERRY).token,
        jwt.encode(claims, stranger.private, algorithm="EdDSA", headers={"kid": KEY.kid}),
        jwt.encode(claims, key="", algorithm="none", headers={"kid": KEY.kid}),
        jwt.encode(claims, KEY.jwk()["x"] * 2, algorithm="HS256", headers={"kid": KEY.kid}),
        "x" * 10_000,
        "",
        "a.b.c",
        "\ud800",
    ]
    for token in tokens:
        assert (await refusal(verifier(), token)).status == 401


async def test_an_older_key_stays_good_while_it_is_published() -> None:
    token = TokenIssuer([KEY]).issue(TERRY).token
    newer = SigningKey.generate()
    assert await verifier(newer, KEY).verify(token) == TERRY
    assert (await refusal(verifier(newer), token)).code == "token_invalid"


def test_a_key_survives_its_storage() -> None:
    assert SigningKey.from_pem(KEY.to_pem()).kid == KEY.kid


class JwksServer:
    """An issuer's JWKS end point that counts, and can fail."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = list(keys)
        self.status = 200
        self.calls = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        document = TokenIssuer(self.keys).jwks()
        return httpx.Response(self.status, json=document, request=request)


class Remote:
    """A verifier over HTTP with its own time."""

    def __init__(self, *keys: SigningKey) -> None:
        self.server = JwksServer(*keys)
        self.now = 1000.0
        source = HttpJwks(
            "http://issuer.test/.well-known/jwks.json",
            transport=httpx.MockTransport(self.server),
            monotonic=lambda: self.now,
        )
        self.check = TokenVerifier(source)


def token_of(key: SigningKey) -> str:
    return TokenIssuer([key]).issue(TERRY).token


async def test_published_keys_are_fetched_once_in_five_minutes() -> None:
    remote = Remote(KEY)
    for _ in range(3):
        assert await remote.check.verify(token_of(KEY)) == TERRY
    assert remote.server.calls == 1
    remote.now += 301
    await remote.check.verify(token_of(KEY))
    assert remote.server.calls == 2


async def test_an_unknown_key_causes_one_look_in_ten_seconds() -> None:
    remote, newer = Remote(KEY), SigningKey.generate()
    await remote.check.verify(token_of(KEY))
    for _ in range(5):
        await refusal(remote.check, token_of(newer))
    assert remote.server.calls == 1
    remote.server.keys.append(newer)
    remote.now += 11
    assert await remote.check.verify(token_of(newer)) == TERRY
    assert remote.server.calls == 2


async def test_known_keys_stay_in_use_while_the_issuer_is_away() -> None:
    remote = Remote(KEY)
    await remote.check.verify(token_of(KEY))
    remote.server.status = 500
    remote.now += 400
    assert await remote.check.verify(token_of(KEY)) == TERRY


async def test_without_any_key_the_answer_is_503_not_401() -> None:
    remote = Remote(KEY)
    remote.server.status = 500
    error = await refusal(remote.check, token_of(KEY))
    assert (error.status, error.code) == (503, "identity_unavailable")
