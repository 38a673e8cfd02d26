"""Ticket numbers, `dddd-dddd` (S2-106): unique and growing; gaps are allowed."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db.driver import is_postgres, run_sql
from ticket_svc.tickets.tables import NumberSeries

SERIES = "ticket"
FIRST = 10_001_000
# PostgreSQL's; for statements that ask for more than numbers.
NEXT_NUMBERS = "SELECT nextval('ticket_number_seq') FROM generate_series(1, {count})"


def format_number(value: int) -> str:
    """`10001000` as `1000-1000`."""
    digits = f"{value:08d}"
    return f"{digits[:4]}-{digits[4:]}"


async def take_numbers(session: AsyncSession, count: int) -> list[str]:
    """The next `count` numbers, in one round trip."""
    if is_postgres(session):
        values = await run_sql(session, NEXT_NUMBERS.format(count="CAST($1 AS int)"), count)
        return [format_number(value) for value in values.scalars()]
    table = NumberSeries.__table__  # type: ignore[attr-defined]  # set by SQLModel
    bump = update(table).where(table.c.name == SERIES).values(value=table.c.value + count)
    last = (await session.execute(bump.returning(table.c.value))).scalar_one()
    return [format_number(value) for value in range(last - count + 1, last + 1)]
