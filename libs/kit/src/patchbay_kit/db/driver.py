"""Statements of hot paths in the driver's own words: nothing is built or compiled for them.

They run in the session's transaction and fail like any other statement (DBAPIError, and the unit
cannot commit). Parameters are `$1` … on PostgreSQL and `?` on SQLite; values and results are the
driver's: text, numbers, times.
"""

from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession


async def run_sql(session: AsyncSession, sql: str, *parameters: Any) -> CursorResult[Any]:
    """Run one statement; the text must be of a small fixed set, for the driver prepares it."""
    connection = await session.connection()
    return await connection.exec_driver_sql(sql, parameters)


def is_postgres(session: AsyncSession) -> bool:
    """Which of the two dialects the session speaks."""
    return session.get_bind().dialect.name == "postgresql"
