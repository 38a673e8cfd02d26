"""Statements of hot paths in the driver's own words: nothing is built or compiled for them.

They run in the session's transaction and fail like any other statement (DBAPIError, and the unit
cannot commit). Parameters are `$1` … on PostgreSQL and `?` on SQLite; values and results are the
driver's: text, numbers, times.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

Rows = Sequence[Mapping[str, Any]]


async def run_sql(session: AsyncSession, sql: str, *parameters: Any) -> CursorResult[Any]:
    """Run one statement; the text must be of a small fixed set, for the driver prepares it."""

    # One crossing into SQLAlchemy's greenlet; the answer is read to its end there.
    def run(inside: Session) -> CursorResult[Any]:
        return inside.connection().exec_driver_sql(sql, parameters)

    return await session.run_sync(run)


def is_postgres(session: AsyncSession) -> bool:
    """Which of the two dialects the session speaks."""
    return session.get_bind().dialect.name == "postgresql"


def dialect_insert(session: AsyncSession, table: Table) -> Any:
    """The dialect's own INSERT, which has ON CONFLICT. The other dialect is not loaded for it."""
    if is_postgres(session):
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        return postgres_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)
