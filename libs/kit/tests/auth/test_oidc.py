"""Tokens of an external provider: believed only with everything right about them."""

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from patchbay_kit.auth.key_cache import FRESH_FOR, REFETCH_AFTER
from patchbay_kit.auth.oidc import OidcProvider
from patchbay_kit.errors import ProblemError
from patchbay_kit.testing.oidc import CLIENT_ID, FakeIssuer


class _Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """The provider, listening."""
    with FakeIssuer() as running:
        yield running


def _provider(issuer: FakeIssuer, time_now: _Time | None = None, **options: Any) -> OidcProvider:
    values = {"allow_private": True, "allow_plain": True, **options}
    return OidcProvider(issuer.issuer, CLIENT_ID, monotonic=time_now or time.monotonic, **values)


async def _refused(provider: OidcProvider, token: str) -> tuple[int, str]:
    with pytest.raises(ProblemError) as caught:
        await provider.claims(token)
    return caught.value.status, caught.value.code


async def test_tokens_of_all_three_kinds_of_keys_are_believed_and_keys_fetched_once(
    issuer: FakeIssuer,
) -> None:
    issuer.add_curves()
    provider = _provider(issuer)
    for kid in ("rsa", "ec", "ed"):
        assert (await provider.claims(issuer.token(kid)))["email"] == "mia@desk.example"
    assert issuer.asked == {"/.well-known/openid-configuration": 1, "/keys": 1}


# The year 2100; a constant, since workers of a parallel run must name their tests alike.
FAR_AHEAD = 4_102_444_800


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
        {"exp": 1},
        {"nbf": FAR_AHEAD},
        {"iat": FAR_AHEAD},
        {"exp": None},
        {"sub": None},
        {"aud": None},
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_claim_is_refused(
    issuer: FakeIssuer, claims: dict[str, Any]
) -> None:
    assert await _refused(_provider(issuer), issuer.token(**claims)) == (401, "token_invalid")


async def test_the_key_says_the_algorithm_and_never_the_token(issuer: FakeIssuer) -> None:
    """`none`, and HS256 with the public key as the secret: RFC 8725, 2.1."""
    provider = _provider(issuer)
    good = jwt.decode(issuer.token(), options={"verify_signature": False})
    known = str(issuer.jwks()["keys"][0]["n"])
    stranger = rsa.generate_private_key(65537, 2048)
    for token in (
        jwt.encode(good, None, algorithm="none", headers={"kid": "rsa"}),
        jwt.encode(good, known, algorithm="HS256", headers={"kid": "rsa"}),
        jwt.encode(good, stranger, algorithm="RS256", headers={"kid": "rsa"}),
        jwt.encode(good, issuer.keys["rsa"][0], algorithm="RS512", headers={"kid": "rsa"}),
        jwt.encode(good, issuer.keys["rsa"][0], algorithm="RS256"),
        jwt.encode(good, issuer.keys["rsa"][0], algorithm="RS256", headers={"kid": "other"}),
        issuer.token() + "x",
        "not a token",
        "ünïcode",
        "a" * 10_000,
    ):
        assert await _refused(provider, token) == (401, "token_invalid")
    # However many unknown keys are named, the provider is asked twice in ten seconds at most.
    assert issuer.asked["/keys"] <= 2


async def test_weak_and_foreign_keys_are_not_used(issuer: FakeIssuer) -> None:
    issuer.add_key("weak", rsa.generate_private_key(65537, 1024), "RS256")  # noqa: S505
    provider = _provider(issuer)
    with pytest.warns(match="key"):
        weak = issuer.token("weak")
    assert await _refused(provider, weak) == (401, "token_invalid")
    assert await provider.claims(issuer.token())


async def test_a_new_key_is_found_and_known_ones_outlast_the_provider(issuer: FakeIssuer) -> None:
    now = _Time()
    provider = _provider(issuer, now)
    assert await provider.claims(issuer.token())
    issuer.add_curves()
    assert await _refused(provider, issuer.token("ec")) == (401, "token_invalid")
    now.now = REFETCH_AFTER
    assert await provider.claims(issuer.token("ec"))
    issuer.broken = True
    now.now += 2 * FRESH_FOR
    assert await provider.claims(issuer.token("ec"))


async def test_a_provider_that_is_away_or_another_one_is_a_503(issuer: FakeIssuer) -> None:
    issuer.broken = True
    assert await _refused(_provider(issuer), issuer.token()) == (503, "identity_unavailable")
    issuer.broken = False
    for described in (
        {"issuer": "https://elsewhere.example"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ):
        issuer.described = described
        assert await _refused(_provider(issuer), issuer.token()) == (503, "identity_unavailable")


async def test_in_production_only_public_addresses_with_tls_are_asked(issuer: FakeIssuer) -> None:
    plain = _provider(issuer, allow_plain=False)
    assert await _refused(plain, issuer.token()) == (503, "identity_unavailable")
    guarded = _provider(issuer, allow_private=False)
    assert await _refused(guarded, issuer.token()) == (503, "identity_unavailable")
    assert issuer.asked == {}
