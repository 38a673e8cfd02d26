"""Statements on the catalogue."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Subquery, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from link_svc.catalogue.rules import CatalogueKind
from link_svc.catalogue.tables import DEVICE, NO_SNAPSHOT, PART, SITE, STATE
from patchbay_contracts import CatalogueRefreshed
from patchbay_kit.db import insert_many
from patchbay_kit.db.merge import merge_newer


async def lock_inventory(session: AsyncSession, part: CatalogueRefreshed) -> int:
    """Take the inventory's lock; returns its newest complete snapshot.

    Without it two workers that take the last two parts at once would both find one missing.
    """
    row = {
        "connection_id": part.connection_id,
        "kind": part.kind,
        "provider": part.provider,
        "complete_snapshot": NO_SNAPSHOT,
        "complete_at": None,
    }
    await insert_many(session, STATE, [row], ignore_conflicts=True)
    statement = select(STATE.c.complete_snapshot).where(*_is(STATE, part)).with_for_update()
    return int((await session.execute(statement)).scalar_one())


async def merge_sites(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Sites of newer snapshots replace older ones."""
    await merge_newer(session, SITE, rows, rank=["snapshot", "part"])


async def merge_devices(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Devices of newer snapshots replace older ones."""
    await merge_newer(session, DEVICE, rows, rank=["snapshot", "part"])


async def add_parts(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Remember which parts have come."""
    await insert_many(session, PART, rows, ignore_conflicts=True)


async def newest_complete(session: AsyncSession, part: CatalogueRefreshed) -> Row[Any] | None:
    """The newest remembered snapshot of which all parts have come: snapshot, taken_at."""
    statement = (
        select(PART.c.snapshot, func.max(PART.c.taken_at).label("taken_at"))
        .where(*_is(PART, part))
        .group_by(PART.c.snapshot)
        .having(func.count() >= func.max(PART.c.parts))
        .order_by(PART.c.snapshot.desc())
        .limit(1)
    )
    return (await session.execute(statement)).one_or_none()


async def complete(session: AsyncSession, part: CatalogueRefreshed, snapshot: Row[Any]) -> None:
    """Make `snapshot` the inventory's present one; parts up to it need no remembering."""
    await session.execute(
        update(STATE)
        .where(*_is(STATE, part))
        .values(complete_snapshot=snapshot.snapshot, complete_at=snapshot.taken_at)
    )
    await session.execute(
        delete(PART).where(*_is(PART, part), PART.c.snapshot <= snapshot.snapshot)
    )


async def site_name(session: AsyncSession, connection_id: str, remote_id: str) -> str | None:
    """The name of a site, gone or not; None where it was never listed."""
    key = (SITE.c.connection_id == connection_id, SITE.c.remote_site_id == remote_id)
    name: str | None = await session.scalar(select(SITE.c.name).where(*key))
    return name


async def device_name(session: AsyncSession, connection_id: str, remote_id: str) -> str | None:
    """The name of a device, gone or not; None where it was never listed."""
    key = (DEVICE.c.connection_id == connection_id, DEVICE.c.remote_device_id == remote_id)
    name: str | None = await session.scalar(select(DEVICE.c.name).where(*key))
    return name


async def device_ids_of_site(
    session: AsyncSession, connection_id: str, remote_site_id: str
) -> Sequence[str]:
    """The remote ids of the devices whose newest record names the site."""
    statement = (
        select(DEVICE.c.remote_device_id)
        .where(DEVICE.c.connection_id == connection_id, DEVICE.c.remote_site_id == remote_site_id)
        .order_by(DEVICE.c.remote_device_id)
    )
    return (await session.execute(statement)).scalars().all()


def sites() -> Subquery:
    """Every site ever listed, with `gone`."""
    return _with_gone(SITE, CatalogueKind.SITES)


def devices() -> Subquery:
    """Every device ever listed, with `gone`."""
    return _with_gone(DEVICE, CatalogueKind.DEVICES)


def states() -> Subquery:
    """How fresh each inventory is."""
    return select(*STATE.c).subquery("catalogue_state")


def _with_gone(table: Any, kind: CatalogueKind) -> Subquery:
    # Outer: the first part of an inventory may still be on its way.
    here = (STATE.c.connection_id == table.c.connection_id) & (STATE.c.kind == kind.value)
    newest = func.coalesce(STATE.c.complete_snapshot, NO_SNAPSHOT)
    gone = (table.c.snapshot < newest).label("gone")
    return select(*table.c, gone).outerjoin_from(table, STATE, here).subquery(table.name)


def _is(table: Any, part: CatalogueRefreshed) -> tuple[Any, Any]:
    return (table.c.connection_id == part.connection_id, table.c.kind == part.kind)
