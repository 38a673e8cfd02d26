"""The live feed keeps a day; who was away longer reads everything anew."""

from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, Table, delete, select

from patchbay_kit.db import UnitOfWork
from ticket_svc.live.tables import LiveChange

_CHANGE: Table = LiveChange.__table__  # type: ignore[attr-defined]  # set by SQLModel
KEEP = timedelta(days=1)
_STEP = 2000


async def forget_old_changes(uow: UnitOfWork) -> bool:
    """Delete a step of what is too old; True where there may be more."""
    old = select(_CHANGE.c.seq).where(_CHANGE.c.recorded_at < uow.now - KEEP).limit(_STEP)
    statement = delete(_CHANGE).where(_CHANGE.c.seq.in_(old))
    result: CursorResult[Any] = await uow.session.execute(statement)  # type: ignore[assignment]
    return result.rowcount == _STEP
