"""Many rows in one statement: what makes a batch cheap.

PostgreSQL takes all rows as one JSON parameter, so there is one prepared statement for any number
of rows and one round trip. Rows must name the same columns and give every value: Python-side
defaults of the table are not applied. Values are text, numbers, aware times, ids and JSON; bytes
need a plain insert.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Column,
    Row,
    Table,
    TextClause,
    Uuid,
    bindparam,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db.driver import Rows, is_postgres, run_sql
from patchbay_kit.db.types import NAIVE, UtcDateTime


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
    if is_postgres(session):
        return await _insert_postgres(session, table, rows, ignore_conflicts, tuple(returning))
    # Here, as its dialect takes memory that a process on PostgreSQL does without.
    from patchbay_kit.db.bulk_sqlite import insert_rows

    return await insert_rows(session, table, rows, ignore_conflicts, tuple(returning))


async def _insert_postgres(
    session: AsyncSession,
    table: Table,
    rows: Rows,
    ignore_conflicts: bool,
    returning: tuple[Column[Any], ...],
) -> Sequence[Row[Any]]:
    given, names = json_rows(table, rows), tuple(rows[0])
    if any(isinstance(column.type, JSON) for column in returning):
        # The driver gives JSON as text; the column types read it.
        sql = insert_sql(table, names, ":rows", ignore_conflicts=ignore_conflicts)
        wanted = ", ".join(f'"{column.name}"' for column in returning)
        clause = text(f"{sql} RETURNING {wanted}").columns(*returning)
        return (await session.execute(clause, {"rows": given})).all()
    sql = insert_sql(table, names, "$1", ignore_conflicts=ignore_conflicts)
    result = await run_sql(session, sql + (returning_sql(returning) if returning else ""), given)
    return result.all() if returning else []


def json_rows(table: Table, rows: Rows) -> str:
    """The rows as PostgreSQL's one parameter; naive times are refused, for they go past the
    column types, which would do it.
    """
    for name in _time_columns(table):
        for row in rows:
            if (value := row.get(name)) is not None and value.tzinfo is None:
                raise ValueError(NAIVE)
    return orjson.dumps(list(rows)).decode()


@lru_cache(maxsize=256)
def _time_columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.c if isinstance(column.type, UtcDateTime))


async def update_many(session: AsyncSession, table: Table, rows: Rows, *, key: str = "id") -> None:
    """Set the other columns of each row where its `key` is; a key comes once, all rows name the
    same columns. The caller has locked the rows in one order, or two callers may deadlock.
    """
    if not rows:
        return
    if is_postgres(session):
        statement = _postgres_update(table, tuple(rows[0]), key)
        await session.execute(statement, {"rows": json_rows(table, rows)})
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
def insert_sql(
    table: Table,
    names: tuple[str, ...],
    parameter: str,
    *,
    ignore_conflicts: bool = False,
    where: str = "",
) -> str:
    """PostgreSQL's INSERT of the rows in one JSON parameter, named `n`, where `where` holds."""
    columns = ", ".join(f'"{name}"' for name in names)
    sql = (
        f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} '  # noqa: S608  # names come from our own tables
        f'FROM json_populate_recordset(NULL::"{table.name}", CAST({parameter} AS json)) AS n'
    )
    if where:
        sql += f" WHERE {where}"
    return sql + (" ON CONFLICT DO NOTHING" if ignore_conflicts else "")


@lru_cache(maxsize=256)
def returning_sql(columns: tuple[Column[Any], ...]) -> str:
    """RETURNING that gives ids as text, as the column types would."""
    shown = (
        f'CAST("{column.name}" AS text) AS "{column.name}"'
        if isinstance(column.type, Uuid)
        else f'"{column.name}"'
        for column in columns
    )
    return " RETURNING " + ", ".join(shown)
