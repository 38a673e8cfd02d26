"""Ticket numbers, `dddd-dddd` (S2-106): unique and growing; gaps are allowed."""

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.tickets.tables import NumberSeries

SERIES = "ticket"
FIRST = 10_001_000


def format_number(value: int) -> str:
    """`10001000` as `1000-1000`."""
    digits = f"{value:08d}"
    return f"{digits[:4]}-{digits[4:]}"


async def take_numbers(session: AsyncSession, count: int) -> list[str]:
    """The next `count` numbers, in one round trip."""
    if session.get_bind().dialect.name == "postgresql":
        statement = text("SELECT nextval('ticket_number_seq') FROM generate_series(1, :count)")
        values = list((await session.execute(statement, {"count": count})).scalars())
        return [format_number(value) for value in values]
    table = NumberSeries.__table__  # type: ignore[attr-defined]  # set by SQLModel
    bump = update(table).where(table.c.name == SERIES).values(value=table.c.value + count)
    last = (await session.execute(bump.returning(table.c.value))).scalar_one()
    return [format_number(value) for value in range(last - count + 1, last + 1)]
