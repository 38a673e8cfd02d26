"""What loops need of connections: claims of due work, and rows under lock.

A lease that ran out belongs to a process that died; several replicas may run the same loops.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import Database, UnitOfWork
from rmm_gateway.connections import repository
from rmm_gateway.connections.repository import Work


async def claim(db: Database, work: Work, owner: str, lease: timedelta) -> Row[Any] | None:
    """Take a connection whose `work` is due; None if there is none. Idle looks only read."""
    async with db.read() as session:
        if not await repository.anything_due(session, work, db.clock()):
            return None
    async with db.unit_of_work() as uow:
        return await repository.claim(uow, work, owner, lease)


async def lock(uow: UnitOfWork, connection_id: str) -> Row[Any] | None:
    """The connection's row, locked until the end of the unit; None if it was removed."""
    return await repository.one(uow.session, connection_id, lock=True)


async def change(uow: UnitOfWork, connection_id: str, **values: Any) -> Row[Any]:
    """Set columns of a locked connection."""
    return await repository.change(uow, connection_id, **values)


async def claim_draining(uow: UnitOfWork) -> Row[Any] | None:
    """Lock an enabled connection that still has held updates; None if there is none."""
    return await repository.draining(uow)


async def any_draining(session: AsyncSession) -> bool:
    """Whether a connection still has held updates to import."""
    return await repository.any_draining(session)


async def by_ids(session: AsyncSession, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Connections that were not removed, by id."""
    return await repository.by_ids(session, ids)


async def enabled_ids(session: AsyncSession) -> list[str]:
    """Connections that commands may go to: set up, and ticket processing is on."""
    return await repository.enabled_ids(session)


async def release(uow: UnitOfWork) -> None:
    """End every lease. Only where nobody else can be working."""
    await repository.end_leases(uow)
