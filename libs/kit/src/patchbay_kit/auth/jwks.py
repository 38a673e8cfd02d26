"""Where verifiers read the public halves of the issuer's keys (RFC 7517)."""

import asyncio
import base64
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog

from patchbay_kit.errors import ProblemError

if TYPE_CHECKING:
    import httpx
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

log = structlog.get_logger(__name__)

FETCH_TIMEOUT = 5.0
FRESH_FOR = 300.0
REFETCH_AFTER = 10.0


class HttpJwks:
    """The issuer's published keys, read over HTTP and kept for five minutes.

    An unknown key id causes one more look, at most every ten seconds. While the issuer cannot be
    reached the keys known so far stay in use: tokens already given out must keep working.
    """

    def __init__(
        self,
        url: str,
        *,
        transport: "httpx.AsyncBaseTransport | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._transport = transport
        self._monotonic = monotonic
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> "Ed25519PublicKey | None":
        if self._wants_fetch(kid):
            async with self._lock:
                if self._wants_fetch(kid):
                    await self._fetch()
        found = self._keys.get(kid)
        if found is None and self._fetched is None:
            raise _unreachable()
        return found

    def _wants_fetch(self, kid: str) -> bool:
        now = self._monotonic()
        if self._tried is not None and now - self._tried < REFETCH_AFTER:
            return False
        stale = self._fetched is None or now - self._fetched > FRESH_FOR
        return stale or kid not in self._keys

    async def _fetch(self) -> None:
        # Loaded with the first token to check: 10 MiB that an idle process does without.
        import httpx

        self._tried = self._monotonic()
        try:
            async with httpx.AsyncClient(
                timeout=FETCH_TIMEOUT, transport=self._transport, follow_redirects=False
            ) as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
            self._keys = _parse_jwks(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            log.warning("jwks.fetch_failed", url=self._url, error=str(error))
            return
        self._fetched = self._tried


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


def _unreachable() -> ProblemError:
    return ProblemError(
        503,
        "identity_unavailable",
        "The token issuer cannot be reached",
        detail="The keys that prove who you are could not be read.",
        hint="Try again in a few seconds.",
        headers={"Retry-After": str(int(REFETCH_AFTER))},
    )
