"""Statements on the read models."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.desk.tables import ASSET, TICKET
from patchbay_kit.db import insert_many
from patchbay_kit.db.merge import merge_newer

Rows = Sequence[dict[str, Any]]


async def keep_tickets(session: AsyncSession, rows: Rows) -> None:
    """Insert or replace tickets; the highest version wins, in whatever order they come."""
    await merge_newer(session, TICKET, rows, rank=["version"])


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
