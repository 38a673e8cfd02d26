"""A row and what hangs on it, for many at once: one round trip where there would be one a table.

Parents whose unique key exists are skipped, and so are their children. PostgreSQL does all of it
in one statement; SQLite, which has no round trips, in one a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, Uuid
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db.bulk import insert_many, insert_sql, json_rows
from patchbay_kit.db.driver import Rows, is_postgres, run_sql


@dataclass(frozen=True, slots=True)
class Children:
    """Rows of one table; `parent` is their column with the parent's id. Those whose own unique key
    exists are skipped.
    """

    table: Table
    parent: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Aside:
    """One more statement that changes something, to go along with another one. `{}` stands for each
    value; the text is of a small fixed set.
    """

    sql: str
    values: tuple[Any, ...]

    async def run(self, session: AsyncSession) -> None:
        """Run it by itself."""
        marks = (f"${n}" if is_postgres(session) else "?" for n in range(1, len(self.values) + 1))
        await run_sql(session, self.sql.format(*marks), *self.values)


async def insert_family(
    session: AsyncSession,
    table: Table,
    rows: Rows,
    children: Sequence[Children],
    aside: Aside | None = None,
) -> set[str]:
    """Insert parents, by `id`, with their children; returns the ids of those that are new.

    Rows are those of `insert_many`. `aside` is run whether or not a parent is new.
    """
    if not rows:
        return set()
    present = [each for each in children if each.rows]
    if is_postgres(session):
        shapes = tuple((each.table, each.parent, tuple(each.rows[0])) for each in present)
        sql = _statement(table, tuple(rows[0]), shapes, aside.sql if aside else "")
        given = [json_rows(each.table, each.rows) for each in present]
        also = aside.values if aside else ()
        result = await run_sql(session, sql, json_rows(table, rows), *given, *also)
        return set(result.scalars())
    if aside is not None:
        await aside.run(session)
    written = await insert_many(session, table, rows, ignore_conflicts=True, returning=[table.c.id])
    new = {row.id for row in written}
    for each in present:
        theirs = [row for row in each.rows if row[each.parent] in new]
        await insert_many(session, each.table, theirs, ignore_conflicts=True)
    return new


@lru_cache(maxsize=256)
def _statement(
    table: Table,
    names: tuple[str, ...],
    children: tuple[tuple[Table, str, tuple[str, ...]], ...],
    aside: str,
) -> str:
    parents = insert_sql(table, names, "$1", ignore_conflicts=True)
    parts = [f"parents AS ({parents} RETURNING id)"]
    for number, (child, parent, columns) in enumerate(children, start=2):
        parent_id = "id" if isinstance(child.c[parent].type, Uuid) else "CAST(id AS text)"
        theirs = f'n."{parent}" IN (SELECT {parent_id} FROM parents)'  # noqa: S608  # no outside text
        insert = insert_sql(child, columns, f"${number}", ignore_conflicts=True, where=theirs)
        parts.append(f"child{number} AS ({insert})")
    if aside:
        first = 2 + len(children)
        marks = (f"${n}" for n in range(first, first + aside.count("{}")))
        parts.append(f"aside AS ({aside.format(*marks)})")
    return f"WITH {', '.join(parts)} SELECT CAST(id AS text) FROM parents"  # noqa: S608  # no outside text
