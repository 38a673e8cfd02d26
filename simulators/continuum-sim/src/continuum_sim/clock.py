"""Simulated time: the machine's clock plus an offset, or frozen.

Leases, hourly snapshots and the 24 h of a pending PSG code all run on it; delays of injected
faults do not. Offset and freeze are stored, so that a restart does not turn time back.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from continuum_sim.store import Store

_OFFSET = "clock.offset_seconds"
_FROZEN = "clock.frozen_at"


def stamp(moment: datetime) -> str:
    """Format a moment as UTC text of fixed width, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """Read what `stamp` wrote."""
    return datetime.fromisoformat(text)


class SimClock:
    """The simulated clock of one simulator."""

    def __init__(self, store: Store, wall: Callable[[], datetime]) -> None:
        self._store = store
        self._wall = wall
        self._offset = timedelta(seconds=float(store.meta(_OFFSET) or 0))
        frozen = store.meta(_FROZEN)
        self._frozen = parse(frozen) if frozen else None

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen is not None

    def now(self) -> datetime:
        """Return the simulated time in UTC."""
        return self._frozen or self._wall().astimezone(UTC) + self._offset

    def stamp(self) -> str:
        """Return the simulated time as stored text."""
        return stamp(self.now())

    def move_to(self, moment: datetime, *, freeze: bool) -> None:
        """Set the time; runs inside the caller's transaction."""
        moment = moment.astimezone(UTC)
        self._offset = moment - self._wall().astimezone(UTC)
        self._frozen = moment if freeze else None
        self._store.set_meta(_OFFSET, str(self._offset.total_seconds()))
        self._store.set_meta(_FROZEN, stamp(moment) if freeze else None)
