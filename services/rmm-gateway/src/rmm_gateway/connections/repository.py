"""Reads and writes of connections."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import ConnectionState
from patchbay_kit.db import UnitOfWork
from patchbay_kit.ids import new_id
from rmm_gateway.connections.tables import CHANGE, CONNECTION

Work = Literal["poll", "inventory"]


async def one(session: AsyncSession, connection_id: str, *, lock: bool = False) -> Row[Any] | None:
    """A connection that was not removed; with `lock` until the end of the transaction."""
    statement = select(CONNECTION).where(
        CONNECTION.c.id == connection_id, CONNECTION.c.removed_at.is_(None)
    )
    if lock:
        statement = statement.with_for_update()
    return (await session.execute(statement)).one_or_none()


async def by_ids(session: AsyncSession, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Connections that were not removed, by id."""
    statement = select(CONNECTION).where(
        CONNECTION.c.id.in_(ids), CONNECTION.c.removed_at.is_(None)
    )
    return {row.id: row for row in (await session.execute(statement)).all()}


async def holder_of_secret(session: AsyncSession, secret_hash: str) -> Row[Any] | None:
    """The connection that has this security code already."""
    statement = select(CONNECTION).where(CONNECTION.c.secret_hash == secret_hash)
    return (await session.execute(statement)).one_or_none()


async def add(uow: UnitOfWork, values: dict[str, Any]) -> None:
    """Insert a connection."""
    await uow.session.execute(insert(CONNECTION).values(**values))


async def change(uow: UnitOfWork, connection_id: str, **values: Any) -> Row[Any]:
    """Set columns and return the row as it is then."""
    statement = update(CONNECTION).where(CONNECTION.c.id == connection_id).values(**values)
    return (await uow.session.execute(statement.returning(*CONNECTION.c))).one()


async def audit(uow: UnitOfWork, connection_id: str, action: str, changes: dict[str, Any]) -> None:
    """Write down who did what."""
    row = {
        "id": new_id(),
        "connection_id": connection_id,
        "at": uow.now,
        "actor": uow.actor or f"system:{uow.service}",
        "action": action,
        "changes": changes,
    }
    await uow.session.execute(insert(CHANGE).values(**row))


async def claim(uow: UnitOfWork, work: Work, owner: str, lease: timedelta) -> Row[Any] | None:
    """Take a connection whose `work` is due and that nobody else works on; None if there is none.

    A lease that ran out belongs to a process that died.
    """
    columns = CONNECTION.c
    due, until = columns[f"{work}_due_at"], columns[f"{work}_lease_until"]
    wanted: list[ColumnElement[bool]] = [
        columns.removed_at.is_(None),
        columns.state != ConnectionState.NOT_CONFIGURED.value,
        due <= uow.now,
        or_(until.is_(None), until < uow.now),
    ]
    if work == "inventory":
        wanted.append(columns.inventory_sync.is_(True))
    chosen = select(columns.id).where(*wanted).order_by(due).limit(1)
    chosen = chosen.with_for_update(skip_locked=True)
    values = {f"{work}_lease_until": uow.now + lease, f"{work}_lease_owner": owner}
    # "=" and not "in": PostgreSQL may run a subquery of "in" again and lock more rows.
    statement = update(CONNECTION).where(columns.id == chosen.scalar_subquery()).values(values)
    return (await uow.session.execute(statement.returning(*columns))).one_or_none()


async def draining(uow: UnitOfWork) -> Row[Any] | None:
    """Lock an enabled connection that still has held updates; None if there is none."""
    columns = CONNECTION.c
    statement = (
        select(CONNECTION)
        .where(
            columns.draining.is_(True),
            columns.ticket_processing.is_(True),
            columns.removed_at.is_(None),
        )
        .order_by(columns.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await uow.session.execute(statement)).one_or_none()


async def any_draining(session: AsyncSession) -> bool:
    """Whether `draining` would find something."""
    columns = CONNECTION.c
    wanted = (
        columns.draining.is_(True),
        columns.ticket_processing.is_(True),
        columns.removed_at.is_(None),
    )
    return (await session.execute(select(columns.id).where(*wanted).limit(1))).first() is not None


async def enabled_ids(session: AsyncSession) -> list[str]:
    """Connections that commands may go to."""
    columns = CONNECTION.c
    statement = select(columns.id).where(
        columns.ticket_processing.is_(True),
        columns.removed_at.is_(None),
        columns.state != ConnectionState.NOT_CONFIGURED.value,
    )
    return list((await session.scalars(statement)).all())


async def anything_due(session: AsyncSession, work: Work, now: datetime) -> bool:
    """Whether `claim` would find something: a read first, so that idle loops do not write."""
    columns = CONNECTION.c
    until = columns[f"{work}_lease_until"]
    statement = (
        select(columns.id)
        .where(
            columns[f"{work}_due_at"] <= now,
            columns.removed_at.is_(None),
            columns.state != ConnectionState.NOT_CONFIGURED.value,
            or_(until.is_(None), until < now),
        )
        .limit(1)
    )
    if work == "inventory":
        statement = statement.where(columns.inventory_sync.is_(True))
    return (await session.execute(statement)).first() is not None


async def end_leases(uow: UnitOfWork) -> None:
    """Take every connection from whoever held it."""
    values = {"poll_lease_until": None, "inventory_lease_until": None}
    await uow.session.execute(update(CONNECTION).values(values))
