"""Rows of connections as responses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import ConnectionState
from rmm_gateway.connections.rules import ACTIVATION
from rmm_gateway.connections.schemas import Activation, ConnectionOut
from rmm_gateway.ledger import rejected as unread
from rmm_gateway.ledger import service as ledger

_COPIED = (
    "id", "name", "provider", "base_url", "inventory_sync", "ticket_processing",
    "import_cutoff_days", "close_on", "poll_interval", "inventory_interval", "state",
    "state_since", "state_detail", "last_poll_at", "watermark_at", "last_inventory_at",
    "inventory_error", "last_error", "last_error_at", "version", "created_at", "updated_at",
)  # fmt: skip


async def shown(
    session: AsyncSession, rows: Sequence[Row[Any]], now: datetime
) -> list[ConnectionOut]:
    """The rows with what the ledger counts for them."""
    ids = [row.id for row in rows]
    held = await ledger.held_by_connection(session, ids)
    rejected = await unread.rejected_by_connection(session, ids)
    return [_shown(row, held.get(row.id, 0), rejected.get(row.id, 0), now) for row in rows]


async def shown_one(session: AsyncSession, row: Row[Any], now: datetime) -> ConnectionOut:
    """One row with its counts."""
    return (await shown(session, [row], now))[0]


def _shown(row: Row[Any], held: int, rejected: int, now: datetime) -> ConnectionOut:
    since = row.activating_since
    activating = row.state == ConnectionState.ACTIVATING and since is not None
    age = (now - row.watermark_at).total_seconds() if row.watermark_at else None
    return ConnectionOut(
        **{name: row._mapping[name] for name in _COPIED},
        has_psg_code=row.secret_sealed is not None,
        activation=Activation(since=since, until=since + ACTIVATION) if activating else None,
        held_count=held,
        importing=row.draining and row.ticket_processing,
        rejected_count=rejected,
        next_poll_at=row.poll_due_at,
        watermark_age_seconds=age,
    )
