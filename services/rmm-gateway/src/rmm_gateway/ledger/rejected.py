"""What a remote system sent and we could not read: kept, listed, acknowledged by a person."""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import not_found
from patchbay_kit.ids import new_id
from rmm_gateway.ledger.tables import REJECTED
from rmm_gateway.providers.base import RejectedRecord


async def reject(
    uow: UnitOfWork,
    connection_id: str,
    source: str,
    records: Sequence[RejectedRecord],
) -> int:
    """Keep unreadable records once each; returns how many are new."""
    rows = [
        {
            "id": new_id(),
            "connection_id": connection_id,
            "source": source,
            "digest": hashlib.sha256(record.raw.encode()).hexdigest(),
            "seq": record.seq,
            "raw": record.raw,
            "reason": record.reason,
            "state": "open",
            "received_at": uow.now,
            "decided_at": None,
            "decided_by": None,
        }
        for record in records
    ]
    new = await insert_many(
        uow.session, REJECTED, rows, ignore_conflicts=True, returning=[REJECTED.c.id]
    )
    return len(new)


def rejected_items(connection_id: str, state: str | None) -> tuple[Select[Any], ColumnElement[Any]]:
    """The unreadable records of a connection, and the column that orders them."""
    statement = select(REJECTED).where(REJECTED.c.connection_id == connection_id)
    if state is not None:
        statement = statement.where(REJECTED.c.state == state)
    return statement, REJECTED.c.id


async def rejected_by_connection(session: AsyncSession, ids: Sequence[str]) -> dict[str, int]:
    """How many unreadable records nobody has decided on."""
    statement = (
        select(REJECTED.c.connection_id, func.count())
        .where(REJECTED.c.connection_id.in_(ids), REJECTED.c.state == "open")
        .group_by(REJECTED.c.connection_id)
    )
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}


async def discard_rejected(uow: UnitOfWork, connection_id: str, item_id: str) -> Row[Any]:
    """Acknowledge an unreadable record."""
    statement = (
        update(REJECTED)
        .where(
            REJECTED.c.connection_id == connection_id,
            REJECTED.c.id == item_id,
            REJECTED.c.state == "open",
        )
        .values(state="discarded", decided_at=uow.now, decided_by=uow.actor)
        .returning(*REJECTED.c)
    )
    row = (await uow.session.execute(statement)).one_or_none()
    if row is None:
        raise not_found("rejected_item", item_id)
    return row
