"""ticket-svc's own loops beside its consumers."""

from collections.abc import Sequence

from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import Loop, PeriodicLoop
from ticket_svc.remote.echoes import apply_echoes
from ticket_svc.remote.pending import ready_keys, take_pending

SWEEP_SECONDS = 5.0


def loops(runtime: Runtime) -> Sequence[Loop]:
    """The sweep of remote events that came before their ticket."""

    async def sweep() -> bool:
        async with runtime.db.unit_of_work() as uow:
            keys = await ready_keys(uow)
            await apply_echoes(uow, await take_pending(uow, keys))
        return bool(keys)

    return [PeriodicLoop("pending-remote-events", sweep, SWEEP_SECONDS)]
