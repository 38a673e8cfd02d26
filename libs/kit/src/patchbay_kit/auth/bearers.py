"""What services other than the issuer accept as bearers: its tokens, and API keys.

A token is checked here; only the issuer can tell about a key, and about who sees which ticket, so
it is asked, with the credential itself: whoever holds it learns nothing new. What it says of a key
is kept for half a minute, what it says of a ticket not at all.
"""

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from patchbay_kit.auth.jwks import HttpJwks
from patchbay_kit.auth.key_cache import FETCH_TIMEOUT
from patchbay_kit.auth.principal import Principal
from patchbay_kit.auth.tokens import TokenVerifier, Verifier, unauthenticated
from patchbay_kit.errors import ProblemError

if TYPE_CHECKING:
    import httpx

log = structlog.get_logger(__name__)

API_KEY_PREFIX = "pbk_"
MAX_KEY_LENGTH = 100
FRESH_SECONDS = 30.0
MAX_KEPT = 10_000
_HIDDEN = frozenset({401, 403, 404})


def bearers(jwks_url: str) -> "Bearers":
    """Tokens by the issuer's keys, API keys by asking at the same place."""
    parts = urlsplit(jwks_url)
    issuer = f"{parts.scheme}://{parts.netloc}"
    keys = HttpApiKeys(f"{issuer}/v1/auth/me")
    return Bearers(TokenVerifier(HttpJwks(jwks_url)), keys, HttpTickets(f"{issuer}/v1/tickets"))


class Bearers:
    """Takes each kind of credential to who knows about it."""

    def __init__(self, tokens: Verifier, keys: Verifier, tickets: "HttpTickets") -> None:
        self._tokens = tokens
        self._keys = keys
        self._tickets = tickets

    async def verify(self, token: str) -> Principal:
        known = self._keys if token.startswith(API_KEY_PREFIX) else self._tokens
        return await known.verify(token)

    async def sees(self, token: str, ticket_id: str) -> bool:
        """Whether the bearer may see the ticket (S2-30); 503 where nobody can say."""
        return await self._tickets.sees(token, ticket_id)


class HttpTickets:
    """Asks at `url` who may see which ticket, each time: a ticket changes hands."""

    def __init__(self, url: str, *, transport: "httpx.AsyncBaseTransport | None" = None) -> None:
        self._url = url
        self._transport = transport

    async def sees(self, token: str, ticket_id: str) -> bool:
        """False also for what is no id of a ticket; ProblemError 503 where nobody can say."""
        import httpx

        try:
            url = f"{self._url}/{UUID(ticket_id)}"
        except ValueError:
            return False
        try:
            async with httpx.AsyncClient(
                timeout=FETCH_TIMEOUT, transport=self._transport, follow_redirects=False
            ) as client:
                answer = await client.get(url, headers={"Authorization": f"Bearer {token}"})
            if answer.status_code in _HIDDEN:
                return False
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.warning("tickets.ask_failed", url=self._url, error=type(error).__name__)
            raise _unreachable("Whoever knows the tickets cannot be reached") from error
        return True


class HttpApiKeys:
    """Asks `url` who an API key stands for. Keys are kept as their SHA-256 only."""

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
        self._kept: dict[bytes, tuple[Principal | None, float]] = {}

    async def verify(self, token: str) -> Principal:
        """401 for a key that is unknown, revoked or expired; 503 where nobody can say."""
        if len(token) > MAX_KEY_LENGTH or not token.isascii():
            raise _refused()
        digest = hashlib.sha256(token.encode()).digest()
        kept = self._kept.get(digest)
        if kept is None or self._monotonic() >= kept[1]:
            kept = (await self._ask(token), self._monotonic() + FRESH_SECONDS)
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[digest] = kept
        if kept[0] is None:
            raise _refused()
        return kept[0]

    async def _ask(self, key: str) -> Principal | None:
        import httpx

        try:
            async with httpx.AsyncClient(
                timeout=FETCH_TIMEOUT, transport=self._transport, follow_redirects=False
            ) as client:
                answer = await client.get(self._url, headers={"Authorization": f"Bearer {key}"})
            if answer.status_code == 401:
                return None
            answer.raise_for_status()
            said = answer.json()
            return Principal(
                id=str(said["id"]),
                kind="api_key",
                name=str(said["name"]),
                permissions=frozenset(str(each) for each in said["permissions"]),
            )
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("api_keys.ask_failed", url=self._url, error=type(error).__name__)
            raise _unreachable("Whoever knows the API keys cannot be reached") from error


def _refused() -> ProblemError:
    return unauthenticated("token_invalid", "The API key is unknown, revoked or expired.")


def _unreachable(title: str) -> ProblemError:
    return ProblemError(
        503,
        "identity_unavailable",
        title,
        hint="Try again in a few seconds.",
        headers={"Retry-After": "5"},
    )
