"""Bulk merge into a read model: the newest version of a record wins, in whatever order."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db.bulk import insert_many
from patchbay_kit.db.driver import Rows


async def merge_newer(
    session: AsyncSession, table: Table, rows: Rows, *, rank: Sequence[str]
) -> None:
    """Insert rows, or replace those whose `rank` columns compare lower than the new row's.

    The table's primary key names the record. Of several rows for one record the highest counts.
    """
    key = [column.name for column in table.primary_key.columns]
    newest: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        name = tuple(row[part] for part in key)
        known = newest.get(name)
        if known is None or [known[part] for part in rank] < [row[part] for part in rank]:
            newest[name] = row
    if not newest:
        return
    # In key order, so that two workers lock the same records in the same order.
    ordered = [newest[name] for name in sorted(newest)]
    columns = [table.c[part] for part in key]
    inserted = await insert_many(session, table, ordered, ignore_conflicts=True, returning=columns)
    fresh = {tuple(row) for row in inserted}
    stale = [row for row in ordered if tuple(row[part] for part in key) not in fresh]
    if stale:
        await _replace(session, table, stale, key, rank)


async def _replace(
    session: AsyncSession,
    table: Table,
    rows: Rows,
    key: Sequence[str],
    rank: Sequence[str],
) -> None:
    changed = [name for name in rows[0] if name not in key]
    present = tuple_(*(table.c[name] for name in rank))
    offered = tuple_(*(bindparam(f"_{name}", type_=table.c[name].type) for name in rank))
    statement = (
        update(table)
        .where(*(table.c[name] == bindparam(f"_{name}") for name in key), present < offered)
        .values({name: bindparam(f"_{name}", type_=table.c[name].type) for name in changed})
    )
    parameters = [{f"_{name}": value for name, value in row.items()} for row in rows]
    # The connection, not the session: an ORM session would take this for a bulk update by key.
    connection = await session.connection()
    await connection.execute(statement, parameters)
