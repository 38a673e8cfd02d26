"""Many rows in one statement of SQLite, by the driver, with values as column types make them."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import JSON, Column, LargeBinary, Row, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db.driver import Rows, run_sql
from patchbay_kit.db.types import UtcDateTime

_DIALECT = aiosqlite.dialect()
_Convert = Callable[[Any], Any]


async def insert_rows(
    session: AsyncSession,
    table: Table,
    rows: Rows,
    ignore_conflicts: bool,
    returning: tuple[Column[Any], ...],
) -> Sequence[Row[Any]]:
    """See `bulk.insert_many`."""
    names = tuple(rows[0])
    if not all(_is_plain(column) for column in returning):
        # The column types have to read what comes back.
        insert = sqlite.insert(table)
        insert = insert.on_conflict_do_nothing() if ignore_conflicts else insert
        return (await session.execute(insert.returning(*returning), list(rows))).all()
    values = _values(table, names, rows)
    if returning:
        sql = _returning(table, names, ignore_conflicts, returning)
        return (await run_sql(session, sql, orjson.dumps(values).decode())).all()
    connection = await session.connection()
    await connection.exec_driver_sql(_insert(table, names, ignore_conflicts), values)
    return []


def _values(table: Table, names: tuple[str, ...], rows: Rows) -> list[tuple[Any, ...]]:
    columns = []
    for name, convert in zip(names, _converters(table, names), strict=True):
        column = [row[name] for row in rows]
        columns.append([convert(value) for value in column] if convert else column)
    return list(zip(*columns, strict=True))


@lru_cache(maxsize=256)
def _converters(table: Table, names: tuple[str, ...]) -> tuple[_Convert | None, ...]:
    return tuple(
        table.c[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT) for name in names
    )


def _is_plain(column: Column[Any]) -> bool:
    return not isinstance(column.type, JSON | UtcDateTime | LargeBinary)


@lru_cache(maxsize=256)
def _insert(table: Table, names: tuple[str, ...], ignore_conflicts: bool) -> str:
    columns, marks = _quoted(names), ", ".join("?" * len(names))
    sql = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})'  # noqa: S608  # as below
    return sql + (" ON CONFLICT DO NOTHING" if ignore_conflicts else "")


@lru_cache(maxsize=256)
def _returning(
    table: Table,
    names: tuple[str, ...],
    ignore_conflicts: bool,
    returning: tuple[Column[Any], ...],
) -> str:
    """The driver returns rows of one statement only, so all of them travel as one JSON text."""
    picked = ", ".join(f"json_extract(value, '$[{number}]')" for number in range(len(names)))
    sql = (
        f'INSERT INTO "{table.name}" ({_quoted(names)}) SELECT {picked} '  # noqa: S608  # names come from our own tables
        "FROM json_each(?) WHERE true"
    )
    wanted = _quoted(column.name for column in returning)
    return sql + (" ON CONFLICT DO NOTHING" if ignore_conflicts else "") + f" RETURNING {wanted}"


def _quoted(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names)
