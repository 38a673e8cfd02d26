"""Where verifiers read the public halves of the issuer's keys (RFC 7517)."""

import base64
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog

from patchbay_kit.auth.key_cache import FETCH_TIMEOUT, KeyCache

if TYPE_CHECKING:
    import httpx
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

log = structlog.get_logger(__name__)


class HttpJwks:
    """The issuer's published keys, read over HTTP; see `key_cache` for when."""

    def __init__(
        self,
        url: str,
        *,
        transport: "httpx.AsyncBaseTransport | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._transport = transport
        self._keys = KeyCache(self._fetch, "token issuer", monotonic)

    async def key(self, kid: str) -> "Ed25519PublicKey | None":
        return await self._keys.key(kid)

    async def _fetch(self) -> "dict[str, Ed25519PublicKey] | None":
        # Loaded with the first token to check: 10 MiB that an idle process does without.
        import httpx

        try:
            async with httpx.AsyncClient(
                timeout=FETCH_TIMEOUT, transport=self._transport, follow_redirects=False
            ) as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
            return _parse_jwks(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            log.warning("jwks.fetch_failed", url=self._url, error=str(error))
            return None


def _parse_jwks(document: Any) -> "dict[str, Ed25519PublicKey]":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JSON Web Key Set")
    found = {}
    for entry in document["keys"]:
        if isinstance(entry, dict) and entry.get("crv") == "Ed25519" and entry.get("kid"):
            raw = str(entry.get("x", ""))
            padded = raw + "=" * (-len(raw) % 4)
            public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(padded))
            found[str(entry["kid"])] = public
    return found
