"""Statements on the read models."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.desk.tables import ASSET, TICKET
from patchbay_kit.db import insert_many

Rows = Sequence[dict[str, Any]]


async def keep_tickets(session: AsyncSession, rows: Rows) -> None:
    """Insert or replace tickets; the highest version wins, in whatever order they come."""
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["ticket_id"], row["version"])):
        newest[row["ticket_id"]] = row
    ordered = list(newest.values())
    added = await insert_many(
        session, TICKET, ordered, ignore_conflicts=True, returning=[TICKET.c.ticket_id]
    )
    fresh = {row.ticket_id for row in added}
    known = [row for row in ordered if row["ticket_id"] not in fresh]
    if not known:
        return
    values = {name: bindparam(f"_{name}", type_=TICKET.c[name].type) for name in known[0]}
    key, version = values.pop("ticket_id"), values["version"]
    statement = (
        update(TICKET).where(TICKET.c.ticket_id == key, TICKET.c.version < version).values(values)
    )
    connection = await session.connection()
    await connection.execute(statement, [{f"_{n}": v for n, v in row.items()} for row in known])


async def keep_assets(session: AsyncSession, rows: Rows) -> None:
    """Remember the names of assets."""
    await insert_many(session, ASSET, rows, ignore_conflicts=True)


async def tickets(session: AsyncSession, ticket_ids: Collection[str]) -> dict[str, Row[Any]]:
    """Known tickets by id."""
    statement = select(TICKET).where(TICKET.c.ticket_id.in_(ticket_ids))
    return {row.ticket_id: row for row in (await session.execute(statement)).all()}


async def asset_names(session: AsyncSession, asset_ids: Collection[str]) -> dict[str, str]:
    """Known names by asset id."""
    if not asset_ids:
        return {}
    statement = select(ASSET.c.asset_id, ASSET.c.name).where(ASSET.c.asset_id.in_(asset_ids))
    return {row.asset_id: row.name for row in (await session.execute(statement)).all()}
