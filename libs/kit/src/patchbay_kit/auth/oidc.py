"""Tokens of an external OpenID Connect provider (OIDC Core 1.0, Discovery 1.0, RFC 7517).

Promise: a token is believed only with a signature by a key that the provider publishes now, made
with the one algorithm of that key, and with the issuer, audience and times that it must have.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from patchbay_kit.auth.key_cache import FETCH_TIMEOUT, KeyCache
from patchbay_kit.auth.tokens import LEEWAY_SECONDS, MAX_TOKEN_LENGTH, unauthenticated
from patchbay_kit.errors import ProblemError

if TYPE_CHECKING:
    import httpx

log = structlog.get_logger(__name__)

MAX_DOCUMENT = 1_000_000
MIN_RSA_BITS = 2048
# The algorithm is the key's, never the token's: `none` and HS256 with a public key get nowhere.
_ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A public key, and the one algorithm that goes with it."""

    key: Any
    algorithm: str


class OidcProvider:
    """One issuer; see `key_cache` for when its keys are read.

    `allow_private` lets the issuer be in our own network, `allow_plain` without TLS.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        allow_private: bool = False,
        allow_plain: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._allow_private = allow_private
        self._allow_plain = allow_plain
        self._keys = KeyCache(self._fetch, "identity provider", monotonic)

    async def claims(self, token: str) -> dict[str, Any]:
        """What the token says; ProblemError 401 for a bad one, 503 where the provider is away."""
        import jwt

        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise _refused()
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.key(kid) if isinstance(kid, str) else None
            if key is None:
                raise _refused()
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=self._client_id,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
        except jwt.InvalidTokenError:
            raise _refused() from None
        # A token for several parties says for which of them it was made (OIDC Core, 3.1.3.7).
        if claims.get("azp", self._client_id) != self._client_id:
            raise _refused()
        return claims

    async def _fetch(self) -> dict[str, ProviderKey] | None:
        import httpx

        try:
            async with (
                asyncio.timeout(2 * FETCH_TIMEOUT),
                httpx.AsyncClient(
                    timeout=FETCH_TIMEOUT, transport=self._transport(), follow_redirects=False
                ) as client,
            ):
                well_known = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
                described = await self._document(client, well_known)
                if described.get("issuer") != self._issuer:
                    raise ValueError("the discovery document names another issuer")
                found = await self._document(client, str(described.get("jwks_uri") or ""))
            return _parse(found)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            log.warning("oidc.fetch_failed", issuer=self._issuer, error=str(error))
            return None

    def _transport(self) -> "httpx.AsyncBaseTransport | None":
        if self._allow_private:
            return None
        from patchbay_kit.guarded import GuardedTransport

        return GuardedTransport()

    async def _document(self, client: "httpx.AsyncClient", url: str) -> dict[str, Any]:
        if not url.startswith(("https://", "http://") if self._allow_plain else "https://"):
            raise ValueError(f"not an address to ask: {url[:200]!r}")
        body = b""
        async with client.stream("GET", url) as answer:
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MAX_DOCUMENT:
                    raise ValueError("the document is too large")
        document = orjson.loads(body)
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        return document


def _parse(document: dict[str, Any]) -> dict[str, ProviderKey]:
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise ValueError("not a JSON Web Key Set")
    found = {}
    for entry in entries:
        key = _usable(entry) if isinstance(entry, dict) else None
        if key is not None:
            found[str(entry["kid"])] = key
    return found


def _usable(entry: dict[str, Any]) -> ProviderKey | None:
    """The key, or None for one of a kind that signs no tokens for us."""
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    kind = entry.get("kty")
    algorithm = _ALGORITHMS.get((str(kind), None if kind == "RSA" else entry.get("crv")))
    declared = entry.get("alg", algorithm)
    if algorithm is None or declared != algorithm or not entry.get("kid"):
        return None
    if entry.get("use", "sig") != "sig":
        return None
    try:
        key = PyJWK.from_dict(entry, algorithm=algorithm).key
    except (PyJWTError, ValueError, TypeError):
        log.warning("oidc.key_unusable", kid=str(entry["kid"])[:100])
        return None
    if kind == "RSA" and key.key_size < MIN_RSA_BITS:
        log.warning("oidc.key_unusable", kid=str(entry["kid"])[:100])
        return None
    return ProviderKey(key, algorithm)


def _refused() -> ProblemError:
    return unauthenticated("token_invalid", "The identity provider's token is not valid here.")
