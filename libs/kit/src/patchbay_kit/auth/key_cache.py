"""An issuer's public keys by key id, as the last good look at them showed.

They are looked at again after five minutes, and for an unknown key id, but never more often than
every ten seconds. While the issuer cannot be reached the keys known so far stay in use: tokens
already given out must keep working.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from patchbay_kit.errors import ProblemError

K = TypeVar("K")

FETCH_TIMEOUT = 5.0
FRESH_FOR = 300.0
REFETCH_AFTER = 10.0


class KeyCache(Generic[K]):
    """`fetch` returns None where the issuer cannot be read, and has said so in the log; `issuer` is
    what callers are told then.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Mapping[str, K] | None]],
        issuer: str,
        monotonic: Callable[[], float],
    ) -> None:
        self._fetch = fetch
        self._issuer = issuer
        self._monotonic = monotonic
        self._keys: Mapping[str, K] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> K | None:
        """None for a key that the issuer does not have; ProblemError 503 before the first look."""
        if self._wants_fetch(kid):
            async with self._lock:
                if self._wants_fetch(kid):
                    await self._look()
        if self._fetched is None:
            raise self._unreachable()
        return self._keys.get(kid)

    def _wants_fetch(self, kid: str) -> bool:
        now = self._monotonic()
        if self._tried is not None and now - self._tried < REFETCH_AFTER:
            return False
        stale = self._fetched is None or now - self._fetched > FRESH_FOR
        return stale or kid not in self._keys

    async def _look(self) -> None:
        self._tried = self._monotonic()
        found = await self._fetch()
        if found is not None:
            self._keys, self._fetched = found, self._tried

    def _unreachable(self) -> ProblemError:
        return ProblemError(
            503,
            "identity_unavailable",
            f"The {self._issuer} cannot be reached",
            detail="The keys that prove who you are could not be read.",
            hint="Try again in a few seconds.",
            headers={"Retry-After": str(int(REFETCH_AFTER))},
        )
