"""What is done about keys and attempts from time to time, by any replica."""

from sqlalchemy import Table, func, select

from patchbay_kit.runtime import Runtime
from ticket_svc.auth.rules import ROTATE_EVERY
from ticket_svc.auth.tables import SigningKey
from ticket_svc.invitations.service import forget_ended
from ticket_svc.sign_ins.attempts import forget_old

_KEY: Table = SigningKey.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def rotate_keys(runtime: Runtime) -> bool:
    """Forget old attempts and invitations; add and retire signing keys where that is due.

    Never more at once.
    """
    async with runtime.db.unit_of_work() as uow:
        await forget_old(uow)
        await forget_ended(uow)
    in_use = _KEY.c.retired_at.is_(None)
    statement = select(func.count(), func.min(_KEY.c.created_at)).where(in_use)
    async with runtime.db.read() as session:
        count, oldest = (await session.execute(statement)).one()
    if count == 0 or (count == 1 and oldest + ROTATE_EVERY > runtime.clock()):
        return False
    # Loads cryptography, which a worker that has nothing to rotate is spared.
    from ticket_svc.auth.keys import rotate_when_due

    async with runtime.db.unit_of_work() as uow:
        await rotate_when_due(uow, runtime)
    return False
