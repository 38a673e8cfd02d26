"""The PSG security code: wrong, still propagating, or accepted (S1-15)."""

import hmac
from datetime import datetime

from continuum_sim.clock import SimClock, parse, stamp
from continuum_sim.errors import SimError
from continuum_sim.store import Store

_CODE = "psg.code"
_PENDING = "psg.pending_until"


class PsgCode:
    """The one code of the partner."""

    def __init__(self, store: Store, clock: SimClock) -> None:
        self._store = store
        self._clock = clock

    @property
    def code(self) -> str | None:
        """The code, for the process that started the simulator; no call returns it."""
        return self._store.meta(_CODE)

    @property
    def pending_until(self) -> datetime | None:
        """Until when the settings propagate, or None when they are in force."""
        found = self._store.meta(_PENDING)
        until = parse(found) if found else None
        return until if until and until > self._clock.now() else None

    def change(self, code: str | None, pending_until: datetime | None) -> None:
        """Set the code, or keep it, and the end of propagation. Inside a transaction."""
        if code:
            self._store.set_meta(_CODE, code)
        self._store.set_meta(_PENDING, stamp(pending_until) if pending_until else None)

    def check(self, given: str | None) -> None:
        """Raise SimError 401 for a wrong code and 403 for one that is still propagating."""
        code = self.code
        if not given or not code or not hmac.compare_digest(given.encode(), code.encode()):
            raise SimError(401, "psg_invalid", "The PSG security code is missing or wrong.")
        until = self.pending_until
        if until:
            raise SimError(
                403,
                "psa_settings_pending",
                f"The settings apply from {stamp(until)} at the latest.",
            )
