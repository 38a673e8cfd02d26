"""Many rows in one statement: what makes a batch cheap.

PostgreSQL takes all rows as one JSON parameter, so there is one prepared statement for any number
of rows and one round trip. Rows must name the same columns and give every value: Python-side
defaults of the table are not applied. Values are text, numbers, aware times, ids and JSON; bytes
need a plain insert.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Column, Row, Table, TextClause, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db.types import NAIVE, UtcDateTime

Rows = Sequence[Mapping[str, Any]]


async def insert_many(
    session: AsyncSession,
    table: Table,
    rows: Rows,
    *,
    ignore_conflicts: bool = False,
    returning: Sequence[Column[Any]] = (),
) -> Sequence[Row[Any]]:
    """Insert all rows; with `ignore_conflicts` those whose unique key exists are skipped.

    Returns the `returning` columns of the rows that were inserted, in no particular order.
    """
    if not rows:
        return []
    if session.get_bind().dialect.name == "postgresql":
        _refuse_naive_times(table, rows)
        statement = _postgres(table, tuple(rows[0]), ignore_conflicts, tuple(returning))
        result = await session.execute(statement, {"rows": orjson.dumps(list(rows)).decode()})
        return result.all() if returning else []
    insert = sqlite.insert(table)
    if ignore_conflicts:
        insert = insert.on_conflict_do_nothing()
    if not returning:
        await session.execute(insert, list(rows))
        return []
    result = await session.execute(insert.returning(*returning), list(rows))
    return result.all()


def _refuse_naive_times(table: Table, rows: Rows) -> None:
    """The rows go past the column types, which would do it."""
    for name in _time_columns(table):
        for row in rows:
            if (value := row.get(name)) is not None and value.tzinfo is None:
                raise ValueError(NAIVE)


@lru_cache(maxsize=256)
def _time_columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.c if isinstance(column.type, UtcDateTime))


@lru_cache(maxsize=256)
def _postgres(
    table: Table, names: tuple[str, ...], ignore_conflicts: bool, returning: tuple[Column[Any], ...]
) -> Any:
    columns = ", ".join(f'"{name}"' for name in names)
    sql = (
        f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} '  # noqa: S608  # names come from our own tables
        f'FROM json_populate_recordset(NULL::"{table.name}", CAST(:rows AS json))'
    )
    if ignore_conflicts:
        sql += " ON CONFLICT DO NOTHING"
    clause: TextClause = text(sql)
    if not returning:
        return clause
    clause = text(sql + " RETURNING " + ", ".join(f'"{column.name}"' for column in returning))
    return clause.columns(*returning)
