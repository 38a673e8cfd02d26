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
from sqlalchemy import Column, Row, Table, TextClause, bindparam, text, update
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


async def update_many(session: AsyncSession, table: Table, rows: Rows, *, key: str = "id") -> None:
    """Set the other columns of each row where its `key` is; a key comes once, all rows name the
    same columns. The caller has locked the rows in one order, or two callers may deadlock.
    """
    if not rows:
        return
    if session.get_bind().dialect.name == "postgresql":
        statement = _postgres_update(table, tuple(rows[0]), key)
        await session.execute(statement, {"rows": orjson.dumps(list(rows)).decode()})
        return
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != key}
    each = update(table).where(table.c[key] == bindparam(f"new_{key}")).values(values)
    connection = await session.connection()
    await connection.execute(
        each, [{f"new_{name}": value for name, value in row.items()} for row in rows]
    )


@lru_cache(maxsize=256)
def _postgres_update(table: Table, names: tuple[str, ...], key: str) -> TextClause:
    changes = ", ".join(f'"{name}" = n."{name}"' for name in names if name != key)
    return text(
        f'UPDATE "{table.name}" AS t SET {changes} '  # noqa: S608  # names come from our own tables
        f'FROM json_populate_recordset(NULL::"{table.name}", CAST(:rows AS json)) AS n '
        f'WHERE t."{key}" = n."{key}"'
    )


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
