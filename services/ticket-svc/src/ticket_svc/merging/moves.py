"""What belongs to an account and moves with it, one statement a kind whatever the number."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, String, Table, and_, cast, exists, func, insert, literal, select
from sqlalchemy import update as sql_update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import JsonType
from ticket_svc.accounts.tables import Account, AccountDomain, Contact
from ticket_svc.appointments.tables import Appointment
from ticket_svc.assets.tables import Asset
from ticket_svc.charges.tables import Charge
from ticket_svc.contracts.tables import Contract
from ticket_svc.departments.tables import Department
from ticket_svc.documents.tables import Document
from ticket_svc.locations.tables import Location
from ticket_svc.merging.tables import AccountMergeMove
from ticket_svc.tasks.tables import Task
from ticket_svc.tickets.tables import Ticket

MOVE: Table = AccountMergeMove.__table__  # type: ignore[attr-defined]  # set by SQLModel


@dataclass(frozen=True, slots=True)
class Kind:
    """Records of one table: which column names the record, which one its account."""

    name: str
    table: Table
    key: Column[Any]
    account: Column[Any]


def _kind(model: Any, *, key: str = "id", account: str = "account_id") -> Kind:
    table: Table = model.__table__
    return Kind(table.name, table, table.c[key], table.c[account])


# Accounts that were merged into the moved one follow it, so that one step always finds the last.
MERGED = _kind(Account, account="merged_into_id")
TICKETS = _kind(Ticket)
# In the order in which they are locked: whoever charges a ticket holds it before its contract.
ON_TICKETS = (TICKETS, _kind(Charge), _kind(Task), _kind(Appointment), _kind(Document))
RECORDS = (
    MERGED,
    _kind(AccountDomain, key="domain"),
    _kind(Contact),
    _kind(Location),
    _kind(Department),
    _kind(Asset),
    _kind(Contract),
)
KINDS = (*ON_TICKETS, *RECORDS)


async def count(session: AsyncSession, kind: Kind, account_id: str) -> int:
    """How many records of the kind the account has."""
    statement = select(func.count()).select_from(kind.table).where(kind.account == account_id)
    return int(await session.scalar(statement) or 0)


async def note_moves(session: AsyncSession, kind: Kind, merge_id: str, account_id: str) -> None:
    """Write down which records of the kind are about to move."""
    rows = select(
        literal(merge_id, MOVE.c.merge_id.type),
        literal(kind.name),
        cast(kind.key, String(255)),
        literal({}, JsonType),
    ).where(kind.account == account_id)
    columns = ["merge_id", "kind", "record_id", "before"]
    await session.execute(insert(MOVE).from_select(columns, rows))


async def move(session: AsyncSession, kind: Kind, merge_id: str, to: str, *, at: str) -> int:
    """Give the noted records that are still `at` one account `to` another; how many those were."""
    noted = exists().where(
        MOVE.c.merge_id == merge_id,
        MOVE.c.kind == kind.name,
        MOVE.c.record_id == cast(kind.key, String(255)),
    )
    values: dict[str, Any] = {kind.account.name: to}
    if "version" in kind.table.c:
        values["version"] = kind.table.c.version + 1
    statement = sql_update(kind.table).where(and_(kind.account == at, noted)).values(values)
    result: Any = await session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)


async def moved(session: AsyncSession, merge_id: str, kind: Kind) -> list[str]:
    """The records of the kind that the merge has moved, in order."""
    statement = select(MOVE.c.record_id).where(
        MOVE.c.merge_id == merge_id, MOVE.c.kind == kind.name
    )
    return list((await session.execute(statement.order_by(MOVE.c.record_id))).scalars())
