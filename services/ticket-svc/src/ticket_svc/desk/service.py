"""Reading and writing the desk's settings."""

from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.desk.tables import DeskSetting

_TABLE: Table = DeskSetting.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def load_settings(session: AsyncSession) -> DeskSettings:
    """The settings as they are in this transaction."""
    rows = (await session.execute(select(_TABLE.c.name, _TABLE.c.value))).all()
    known = DeskSettings.model_fields
    return DeskSettings(**{row.name: row.value for row in rows if row.name in known})


async def save_settings(uow: UnitOfWork, changes: dict[str, Any]) -> None:
    """Write the given settings; the caller has validated them."""
    for name, value in changes.items():
        await uow.session.merge(
            DeskSetting(name=name, value=value, changed_at=uow.now, changed_by=uow.actor)
        )
    await uow.session.flush()
