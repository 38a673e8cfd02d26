"""ticket-svc's own loops beside its consumers."""

from collections.abc import Sequence

from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import Loop, PeriodicLoop
from ticket_svc.mail.service import take_late_answers
from ticket_svc.merging.late import carry_late_tickets
from ticket_svc.remote.echoes import apply_echoes
from ticket_svc.remote.pending import ready_keys, take_pending

SWEEP_SECONDS = 5.0


def loops(runtime: Runtime) -> Sequence[Loop]:
    """The sweeps of what came before its ticket, or just after its account was merged."""

    async def remote() -> bool:
        async with runtime.db.unit_of_work() as uow:
            keys = await ready_keys(uow)
            await apply_echoes(uow, await take_pending(uow, keys))
        return bool(keys)

    async def answers() -> bool:
        async with runtime.db.unit_of_work() as uow:
            return await take_late_answers(uow)

    async def merged() -> bool:
        async with runtime.db.unit_of_work() as uow:
            return await carry_late_tickets(uow)

    return [
        PeriodicLoop("pending-remote-events", remote, SWEEP_SECONDS),
        PeriodicLoop("late-answers", answers, SWEEP_SECONDS),
        PeriodicLoop("tickets-of-merged-accounts", merged, SWEEP_SECONDS),
    ]
