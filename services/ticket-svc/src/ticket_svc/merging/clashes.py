"""What two accounts both have though one account has it once: the moved record gives way.

What it was before is kept with the move, so that undoing restores it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.accounts.tables import Contact
from ticket_svc.contracts.tables import Contract
from ticket_svc.departments.tables import Department
from ticket_svc.locations.tables import Location
from ticket_svc.merging.moves import MOVE

_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]  # set by SQLModel
_LOCATION: Table = Location.__table__  # type: ignore[attr-defined]
_CONTRACT: Table = Contract.__table__  # type: ignore[attr-defined]
_DEPARTMENT: Table = Department.__table__  # type: ignore[attr-defined]

_FLAGS = ((_CONTACT, "is_main"), (_LOCATION, "is_main"), (_CONTRACT, "is_default"))
_NAME = 200


@dataclass(frozen=True, slots=True)
class Clash:
    """A record of the merged account that has to change, and to what."""

    table: Table
    record_id: str
    name: str
    column: str
    old: Any
    new: Any

    @property
    def code(self) -> str:
        """`contact_is_main`, `location_remote_key`, `department_name`, ..."""
        return f"{self.table.name}_{self.column}"


async def clashes(session: AsyncSession, account_id: str, into_id: str, suffix: str) -> list[Clash]:
    """What would have to give way, so that both accounts' records fit into one."""
    found: list[Clash] = []
    for table, flag in _FLAGS:
        rows = await _flagged(session, table, flag, (account_id, into_id))
        if len(rows) > 1:
            found += [
                Clash(table, row.id, row.name, flag, old=True, new=False)
                for row in rows
                if row.account_id == account_id
            ]
    for row in await _same(session, _LOCATION, "remote_key", account_id, into_id):
        found.append(Clash(_LOCATION, row.id, row.name, "remote_key", row.remote_key, None))
    taken = await _names(session, into_id)
    for row in await _same(session, _DEPARTMENT, "name", account_id, into_id):
        name = _free_name(row.name, suffix, taken)
        taken.add(name)
        found.append(Clash(_DEPARTMENT, row.id, row.name, "name", row.name, name))
    return found


async def give_way(session: AsyncSession, merge_id: str, found: list[Clash]) -> None:
    """Change the records, and keep with their moves how they were."""
    before: dict[tuple[str, str], dict[str, Any]] = {}
    for clash in found:
        table = clash.table
        values = {clash.column: clash.new}
        await session.execute(update(table).where(table.c.id == clash.record_id).values(values))
        before.setdefault((table.name, clash.record_id), {})[clash.column] = clash.old
    for (kind, record_id), kept in before.items():
        statement = update(MOVE).where(
            MOVE.c.merge_id == merge_id, MOVE.c.kind == kind, MOVE.c.record_id == record_id
        )
        await session.execute(statement.values(before=kept))


async def give_back(session: AsyncSession, merge_id: str, account_id: str) -> None:
    """Undo `give_way` for the records that are at `account_id` again.

    A flag that another record has got there in between stays with that one.
    """
    kept = select(MOVE.c.kind, MOVE.c.record_id, MOVE.c.before).where(MOVE.c.merge_id == merge_id)
    kinds = [table.name for table, _ in _FLAGS] + [_DEPARTMENT.name]
    tables = {table.name: table for table in (_CONTACT, _LOCATION, _CONTRACT, _DEPARTMENT)}
    for row in (await session.execute(kept.where(MOVE.c.kind.in_(kinds)))).all():
        if not row.before:
            continue
        table, values = tables[row.kind], dict(row.before)
        for _, flag in (each for each in _FLAGS if each[0] is table):
            if values.get(flag) and await _flagged(session, table, flag, (account_id,)):
                del values[flag]
        if values:
            here = (table.c.id == row.record_id, table.c.account_id == account_id)
            await session.execute(update(table).where(*here).values(values))


async def _flagged(
    session: AsyncSession, table: Table, flag: str, account_ids: tuple[str, ...]
) -> list[Row[Any]]:
    statement = select(table.c.id, table.c.name, table.c.account_id).where(
        table.c.account_id.in_(account_ids), table.c[flag]
    )
    return list((await session.execute(statement)).all())


async def _same(
    session: AsyncSession, table: Table, column: str, account_id: str, into_id: str
) -> list[Row[Any]]:
    """Records of the one account whose `column` is that of a record of the other."""
    other = table.alias()
    statement = (
        select(table)
        .join(other, other.c[column] == table.c[column])
        .where(table.c.account_id == account_id, other.c.account_id == into_id)
    )
    return list((await session.execute(statement.order_by(table.c.id))).all())


async def _names(session: AsyncSession, account_id: str) -> set[str]:
    statement = select(_DEPARTMENT.c.name).where(_DEPARTMENT.c.account_id == account_id)
    return set((await session.execute(statement)).scalars())


def _free_name(name: str, suffix: str, taken: set[str]) -> str:
    """`name (suffix)`, numbered where that is taken as well."""
    number = 1
    while True:
        tail = f" ({suffix[:80]})" if number == 1 else f" ({suffix[:80]} {number})"
        free = name[: _NAME - len(tail)] + tail
        if free not in taken:
            return free
        number += 1
