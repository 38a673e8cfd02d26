"""`WHERE key IN (many keys)` with one parameter: one prepared statement for any number of keys.

An expanding IN costs a rendered parameter a key, which is what a batch spends most of its time on.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Integer,
    Uuid,
    bindparam,
    column,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.expression import TextualSelect


def key_in(
    session: AsyncSession, columns: Sequence[Column[Any]], keys: Iterable[Any]
) -> ColumnElement[bool]:
    """A filter on one column (keys are values) or several (keys are tuples). Values are
    text, ids or integers."""
    dialect = session.get_bind().dialect.name
    listed = [[key] if len(columns) == 1 else list(key) for key in keys]
    # Unique: two filters in one statement each have keys of their own.
    given: BindParameter[str] = bindparam("keys", orjson.dumps(listed).decode(), unique=True)
    wanted = _wanted(dialect, tuple(columns)).bindparams(given)
    left: Any = columns[0] if len(columns) == 1 else tuple_(*columns)
    filter_: ColumnElement[bool] = left.in_(wanted)
    return filter_


@lru_cache(maxsize=256)
def _wanted(dialect: str, columns: tuple[Column[Any], ...]) -> TextualSelect:
    if dialect == "postgresql":
        picked = ", ".join(
            f"CAST(k->>{number} AS {_postgres_type(each)})" for number, each in enumerate(columns)
        )
        # The condition always holds: it makes the planner expect few keys and use the index.
        source = "json_array_elements(CAST(:keys AS json)) AS k WHERE json_typeof(k) = 'array'"
    else:
        picked = ", ".join(f"json_extract(value, '$[{number}]')" for number in range(len(columns)))
        source = "json_each(:keys)"
    names = [column(each.name, each.type) for each in columns]
    return text(f"SELECT {picked} FROM {source}").columns(*names)  # noqa: S608  # no outside text


def _postgres_type(each: Column[Any]) -> str:
    if isinstance(each.type, Uuid):
        return "uuid"
    return "bigint" if isinstance(each.type, Integer) else "text"
