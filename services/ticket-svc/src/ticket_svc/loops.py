"""ticket-svc's own loops beside its consumers."""

from collections.abc import Sequence

from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import Loop, PeriodicLoop
from ticket_svc.auth.forgotten import mail_resets
from ticket_svc.auth.housekeeping import rotate_keys
from ticket_svc.live.forgetting import forget_old_changes
from ticket_svc.mail.service import take_late_answers
from ticket_svc.merging.late import carry_late_tickets
from ticket_svc.remote.echoes import apply_echoes
from ticket_svc.remote.pending import ready_keys, take_pending
from ticket_svc.views.counting import fold_counts
from ticket_svc.views.renewing import renew_texts

SWEEP_SECONDS = 5.0
RESET_SECONDS = 3.0
TEXT_SECONDS = 1.0
# However many wait, intake goes before search.
TEXT_REST_SECONDS = 0.05
KEYS_SECONDS = 3600.0
FORGET_SECONDS = 600.0


def loops(runtime: Runtime) -> Sequence[Loop]:
    """The sweeps of what came before its ticket, or just after its account was merged, and what
    lists of tickets leave for later.
    """

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

    async def counts() -> bool:
        async with runtime.db.unit_of_work() as uow:
            return await fold_counts(uow)

    async def texts() -> bool:
        async with runtime.db.unit_of_work() as uow:
            return await renew_texts(uow) > 0

    async def forget() -> bool:
        async with runtime.db.unit_of_work() as uow:
            return await forget_old_changes(uow)

    async def resets() -> bool:
        return await mail_resets(runtime)

    async def keys() -> bool:
        return await rotate_keys(runtime)

    return [
        PeriodicLoop("signing-keys", keys, KEYS_SECONDS),
        PeriodicLoop("password-requests", resets, RESET_SECONDS),
        PeriodicLoop("pending-remote-events", remote, SWEEP_SECONDS),
        PeriodicLoop("late-answers", answers, SWEEP_SECONDS),
        PeriodicLoop("tickets-of-merged-accounts", merged, SWEEP_SECONDS),
        PeriodicLoop("live-changes", forget, FORGET_SECONDS),
        PeriodicLoop("ticket-counts", counts, SWEEP_SECONDS),
        PeriodicLoop("ticket-texts", texts, TEXT_SECONDS, rest=TEXT_REST_SECONDS),
    ]
