"""A row and what hangs on it, for many at once: one round trip where there would be one a table.

Parents whose unique key exists are skipped, and so are their children. PostgreSQL does all of it
in one statement; SQLite, which has no round trips, in one a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson
from sqlalchemy import Table, Uuid
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db.bulk import insert_many, insert_sql, json_rows
from patchbay_kit.db.driver import Rows, is_postgres, run_sql

_CLAIMED = "n.id NOT IN (SELECT parent FROM refused)"


@dataclass(frozen=True, slots=True)
class Children:
    """Rows of one table; `parent` is their column with the parent's id. Those whose own unique key
    exists are skipped.
    """

    table: Table
    parent: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Claims:
    """Rows under a unique `key` that parents come with, in one order: `parents` are the ids. Whose
    key is there already is skipped, after waiting for who is writing it.
    """

    table: Table
    key: tuple[str, ...]
    parents: Sequence[str]
    rows: Rows


async def insert_family(
    session: AsyncSession, table: Table, rows: Rows, children: Sequence[Children]
) -> set[str]:
    """Insert parents, by `id`, with their children; returns the ids of those that are new.

    Rows are those of `insert_many`.
    """
    if not rows:
        return set()
    if is_postgres(session):
        return await _insert(session, table, rows, children, None)
    written = await insert_many(session, table, rows, ignore_conflicts=True, returning=[table.c.id])
    new = {row.id for row in written}
    for each in children:
        theirs = [row for row in each.rows if row[each.parent] in new]
        await insert_many(session, each.table, theirs, ignore_conflicts=True)
    return new


async def insert_claimed_family(
    session: AsyncSession,
    table: Table,
    rows: Rows,
    children: Sequence[Children],
    claims: Claims,
) -> set[str]:
    """`insert_family` of parents of which some make a claim first: they are skipped with their
    children where it is somebody else's. PostgreSQL only.
    """
    return await _insert(session, table, rows, children, claims if claims.rows else None)


async def _insert(
    session: AsyncSession,
    table: Table,
    rows: Rows,
    children: Sequence[Children],
    claims: Claims | None,
) -> set[str]:
    present = [each for each in children if each.rows]
    shapes = tuple((each.table, each.parent, tuple(each.rows[0])) for each in present)
    given = [json_rows(table, rows), *(json_rows(each.table, each.rows) for each in present)]
    claimed: tuple[Table, tuple[str, ...], tuple[str, ...]] | None = None
    if claims is not None:
        claimed = (claims.table, tuple(claims.rows[0]), claims.key)
        asked = [
            (parent, *(row[name] for name in claims.key))
            for parent, row in zip(claims.parents, claims.rows, strict=True)
        ]
        given += [json_rows(claims.table, claims.rows), orjson.dumps(asked).decode()]
    sql = _statement(table, tuple(rows[0]), shapes, claimed)
    return set((await run_sql(session, sql, *given)).scalars())


@lru_cache(maxsize=256)
def _statement(
    table: Table,
    names: tuple[str, ...],
    children: tuple[tuple[Table, str, tuple[str, ...]], ...],
    claims: tuple[Table, tuple[str, ...], tuple[str, ...]] | None,
) -> str:
    parts, condition = [], ""
    if claims is not None:
        parts, condition = _claiming(*claims, first=2 + len(children)), _CLAIMED
    parents = insert_sql(table, names, "$1", ignore_conflicts=True, where=condition)
    parts.append(f"parents AS ({parents} RETURNING id)")
    for number, (child, parent, columns) in enumerate(children, start=2):
        parent_id = "id" if isinstance(child.c[parent].type, Uuid) else "CAST(id AS text)"
        theirs = f'n."{parent}" IN (SELECT {parent_id} FROM parents)'  # noqa: S608  # no outside text
        insert = insert_sql(child, columns, f"${number}", ignore_conflicts=True, where=theirs)
        parts.append(f"child{number} AS ({insert})")
    return f"WITH {', '.join(parts)} SELECT CAST(id AS text) FROM parents"  # noqa: S608  # no outside text


def _claiming(
    table: Table, names: tuple[str, ...], key: tuple[str, ...], *, first: int
) -> list[str]:
    """What comes before the parents: the claims, and whose are refused."""
    columns = ", ".join(f'"{name}"' for name in key)
    insert = insert_sql(table, names, f"${first}", ignore_conflicts=True)
    shown = ", ".join(f'k->>{n} AS "{name}"' for n, name in enumerate(key, start=1))
    given = f"json_array_elements(CAST(${first + 1} AS json)) AS k"
    asked = f"SELECT CAST(k->>0 AS uuid) AS parent, {shown} FROM {given}"  # noqa: S608  # no outside text
    refused = f"SELECT parent FROM asked WHERE ({columns}) NOT IN (SELECT {columns} FROM claimed)"  # noqa: S608
    return [
        f"claimed AS ({insert} RETURNING {columns})",
        f"asked AS ({asked})",
        f"refused AS ({refused})",
    ]
