"""What services other than the issuer accept as bearers: its tokens, and API keys.

A token's signature is checked here; only the issuer can tell about a key, about what somebody may
do by now, and about who sees which ticket. So it is asked, with the credential itself: whoever
holds it learns nothing new. What it says of a caller is kept for half a minute, of a ticket not at
all.
"""

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from patchbay_kit.auth.jwks import HttpJwks
from patchbay_kit.auth.key_cache import FETCH_TIMEOUT
from patchbay_kit.auth.principal import Principal, PrincipalKind
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
    """Tokens by the issuer's keys, and what stands behind them by asking at the same place."""
    parts = urlsplit(jwks_url)
    issuer = f"{parts.scheme}://{parts.netloc}"
    callers = HttpCallers(f"{issuer}/v1/auth/me")
    tokens = FreshTokens(TokenVerifier(HttpJwks(jwks_url)), callers)
    return Bearers(tokens, HttpApiKeys(callers), HttpTickets(f"{issuer}/v1/tickets"))


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


class HttpCallers:
    """Asks `url` who a credential stands for now. Credentials are kept as their SHA-256 only."""

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

    async def now(self, credential: str, otherwise: Principal | None = None) -> Principal | None:
        """The caller as of half a minute ago at most; None: may not call (any more).

        Where nobody can say it is `otherwise`, for half a minute; without that ProblemError 503.
        """
        digest = hashlib.sha256(credential.encode()).digest()
        kept = self._kept.get(digest)
        if kept is None or self._monotonic() >= kept[1]:
            try:
                found = await self._ask(credential)
            except ProblemError:
                if otherwise is None:
                    raise
                found = otherwise
            kept = (found, self._monotonic() + FRESH_SECONDS)
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[digest] = kept
        return kept[0]

    async def _ask(self, credential: str) -> Principal | None:
        import httpx

        try:
            async with httpx.AsyncClient(
                timeout=FETCH_TIMEOUT, transport=self._transport, follow_redirects=False
            ) as client:
                sent = {"Authorization": f"Bearer {credential}"}
                answer = await client.get(self._url, headers=sent)
            if answer.status_code == 401:
                return None
            answer.raise_for_status()
            return _told(answer.json())
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("callers.ask_failed", url=self._url, error=type(error).__name__)
            raise _unreachable("Whoever knows the callers cannot be reached") from error


def _told(said: Any) -> Principal:
    """The answer of `GET /v1/auth/me`; KeyError, TypeError or ValueError for any other."""
    if said["kind"] not in get_args(PrincipalKind):
        raise ValueError("not a kind of caller")
    return Principal(
        id=str(said["id"]),
        kind=said["kind"],
        name=str(said["name"]),
        email=said["email"],
        permissions=frozenset(str(each) for each in said["permissions"]),
        account_id=said["account_id"],
    )


class HttpApiKeys:
    """API keys: only the issuer knows them."""

    def __init__(self, callers: HttpCallers) -> None:
        self._callers = callers

    async def verify(self, token: str) -> Principal:
        """401 for a key that is unknown, revoked or expired; 503 where nobody can say."""
        if len(token) > MAX_KEY_LENGTH or not token.isascii():
            raise _refused()
        found = await self._callers.now(token)
        if found is None:
            raise _refused()
        return found


class FreshTokens:
    """Tokens: their signature says who calls, the issuer what they may do by now (ADR 0009).

    While the issuer is away a token's own word counts, until it expires.
    """

    def __init__(self, tokens: Verifier, callers: HttpCallers) -> None:
        self._tokens = tokens
        self._callers = callers

    async def verify(self, token: str) -> Principal:
        """401 also for who was deactivated, or lost their sign-in, since the token was made."""
        claimed = await self._tokens.verify(token)
        if claimed.kind not in ("employee", "contact"):
            return claimed
        found = await self._callers.now(token, otherwise=claimed)
        if found is None:
            raise unauthenticated("token_invalid", "Whoever it was given to may not sign in now.")
        return found


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
