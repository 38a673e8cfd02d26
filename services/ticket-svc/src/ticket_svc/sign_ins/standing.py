"""Whether a caller may still do what their credential says: read per request, kept for seconds.

Promise: who was deactivated, lost a permission or was revoked has lost it in this process with the
commit of the change, and in every other process of ticket-svc within FRESH_SECONDS.
"""

import time
from collections.abc import Awaitable, Callable, Hashable

from sqlalchemy import event
from sqlalchemy.orm import Session

from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork
from patchbay_kit.http import RuntimeDep, Uow

FRESH_SECONDS = 5.0
MAX_KEPT = 10_000

Look = Callable[[], Awaitable[Principal | None]]


class Standings:
    """Principals as of a few seconds ago at most. None stands for nobody: that is kept too."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kept: dict[Hashable, tuple[Principal | None, float]] = {}
        self._generation = 0

    async def of(self, key: Hashable, look: Look) -> Principal | None:
        """What `look` says, or said a moment ago."""
        kept = self._kept.get(key)
        now = self._monotonic()
        if kept is not None and now < kept[1]:
            return kept[0]
        generation = self._generation
        found = await look()
        # What was read before a change must not be kept after it.
        if generation == self._generation:
            self._keep(key, found, now + FRESH_SECONDS)
        return found

    def forget(self) -> None:
        """Look at everybody anew."""
        self._generation += 1
        self._kept.clear()

    def forget_after(self, uow: UnitOfWork) -> None:
        """The same, once the unit of work has committed."""

        def committed(_session: Session) -> None:
            self.forget()

        event.listen(uow.session.sync_session, "after_commit", committed, once=True)

    def _keep(self, key: Hashable, found: Principal | None, until: float) -> None:
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[key] = (found, until)


async def forget_standings(uow: Uow, runtime: RuntimeDep) -> None:
    """The dependency of every route that changes who may do what."""
    standings: Standings | None = runtime.extras.get("standings")
    if standings is not None:
        standings.forget_after(uow)
