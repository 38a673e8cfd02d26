"""ticket-svc's own loops beside its consumers."""

from collections.abc import Sequence

from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import Loop, PeriodicLoop
from ticket_svc.mail.service import take_late_answers
from ticket_svc.remote.echoes import apply_echoes
from ticket_svc.remote.pending import ready_keys, take_pending

SWEEP_SECONDS = 5.0


def loops(runtime: Runtime) -> Sequence[Loop]:
    """The sweeps of remote events and of answers that came before their ticket."""

    async def remote() -> bool:
        async with runtime.db.unit_of_work() as uow:
            keys = await ready_keys(uow)
            await apply_echoes(uow, await take_pending(uow, keys))
        return bool(keys)

    async def answers() -> bool:
        async with runtime.db.unit_of_work() as uow:
            return await take_late_answers(uow)

    return [
        PeriodicLoop("pending-remote-events", remote, SWEEP_SECONDS),
        PeriodicLoop("late-answers", answers, SWEEP_SECONDS),
    ]
