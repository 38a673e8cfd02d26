"""The names of the records that a ticket refers to, for its history: ids alone tell nobody much."""

from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.accounts.tables import Contact
from ticket_svc.assets.tables import Asset
from ticket_svc.contracts.tables import Contract
from ticket_svc.employees.tables import Employee

_TABLES: dict[str, Table] = {
    "manager_id": Employee.__table__,  # type: ignore[attr-defined]  # set by SQLModel
    "contact_id": Contact.__table__,  # type: ignore[attr-defined]
    "asset_id": Asset.__table__,  # type: ignore[attr-defined]
    "contract_id": Contract.__table__,  # type: ignore[attr-defined]
}


async def names_of(
    session: AsyncSession, field: str, ids: tuple[str | None, ...]
) -> list[str | None]:
    """The names behind a field's values, in order; None where there is no such record."""
    table = _TABLES[field]
    wanted = sorted({each for each in ids if each is not None})
    statement = select(table.c.id, table.c.name).where(table.c.id.in_(wanted))
    found: dict[str, Any] = {row.id: row.name for row in await session.execute(statement)}
    return [found.get(each) if each is not None else None for each in ids]


def is_reference(field: str) -> bool:
    """Whether the field holds the id of a record."""
    return field in _TABLES
