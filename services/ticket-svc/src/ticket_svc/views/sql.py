"""SQL text with its parameters, in the words of either driver.

Lists are the hottest reading there is; building their statements from objects costs more than
running them. No text from outside ever becomes part of the SQL: values are parameters.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CursorResult, Result, text
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db.driver import run_sql


class Parameters:
    """Collects values and gives their placeholders: `$1` on PostgreSQL, `:p1` on SQLite."""

    def __init__(self, *, postgres: bool) -> None:
        self.postgres = postgres
        self.values: list[Any] = []

    def add(self, value: Any) -> str:
        """The placeholder of one more value."""
        if not self.postgres and isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat(timespec="microseconds")
        self.values.append(value)
        number = len(self.values)
        return f"${number}" if self.postgres else f":p{number}"

    def any_of(self, column: str, values: Sequence[str], kind: str) -> str:
        """`column` is one of the values; `kind` is PostgreSQL's type of one."""
        if len(values) == 1:
            return f"{column} = {self.add(values[0])}"
        if self.postgres:
            return f"{column} = ANY({self.add(list(values))}::{kind}[])"
        return f"{column} IN ({', '.join(self.add(value) for value in values)})"

    def named(self) -> dict[str, Any]:
        """SQLite's parameters."""
        return {f"p{number}": value for number, value in enumerate(self.values, start=1)}


async def run(
    session: AsyncSession, sql: str, parameters: Parameters
) -> CursorResult[Any] | Result[Any]:
    """Run the statement in the session."""
    if parameters.postgres:
        return await run_sql(session, sql, *parameters.values)
    return await session.execute(text(sql), parameters.named())
