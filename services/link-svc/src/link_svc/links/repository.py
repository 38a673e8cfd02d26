"""Statements on links. Rows come back as `Link` objects or as Core rows with the same names."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Subquery, and_, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from link_svc.catalogue.service import device_ids_of_site
from link_svc.links.rules import LinkKind
from link_svc.links.tables import (
    CHANGE,
    LINK,
    OPERATION,
    REMOTE_TICKET,
    Link,
    LinkChange,
    LinkOperation,
)
from patchbay_kit.db import insert_many

Rows = Sequence[dict[str, Any]]

# Both databases take at most 32,766 parameters in one statement.
CHUNK = 5000


async def insert_links(session: AsyncSession, rows: Rows) -> set[str]:
    """Insert links whose key is new; returns the ids of those."""
    ordered = sorted(rows, key=lambda row: (row["kind"], row["connection_id"], row["remote_id"]))
    new = await insert_many(session, LINK, ordered, ignore_conflicts=True, returning=[LINK.c.id])
    return {row.id for row in new}


async def lock_links(
    session: AsyncSession, kind: LinkKind, keys: Sequence[tuple[str, str]]
) -> Sequence[Link]:
    """The links of these (connection, remote id), locked, in the order of their keys."""
    statement = (
        select(Link)
        .where(LINK.c.kind == kind.value, tuple_(LINK.c.connection_id, LINK.c.remote_id).in_(keys))
        .order_by(LINK.c.connection_id, LINK.c.remote_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalars().all()


async def lock_link(session: AsyncSession, kind: LinkKind, link_id: str) -> Link | None:
    """One link, locked."""
    statement = (
        select(Link).where(LINK.c.id == link_id, LINK.c.kind == kind.value).with_for_update()
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_link(session: AsyncSession, kind: LinkKind, link_id: str) -> Link | None:
    """One link as it is."""
    statement = select(Link).where(LINK.c.id == link_id, LINK.c.kind == kind.value)
    return (await session.execute(statement)).scalar_one_or_none()


async def device_of_asset(session: AsyncSession, connection_id: str, asset_id: str) -> Link | None:
    """The link that this asset has in this connection (S1-108)."""
    statement = select(Link).where(
        LINK.c.kind == LinkKind.DEVICE.value,
        LINK.c.connection_id == connection_id,
        LINK.c.target_id == asset_id,
        LINK.c.linked,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def assets_taken_since(session: AsyncSession, operation: LinkOperation) -> set[str]:
    """Assets that an operation freed and that have another device by now."""
    freed = select(CHANGE.c.target_id).where(CHANGE.c.operation_id == operation.id)
    statement = select(LINK.c.target_id).where(
        LINK.c.kind == LinkKind.DEVICE.value,
        LINK.c.connection_id == operation.connection_id,
        LINK.c.target_id.in_(freed),
        LINK.c.linked,
    )
    return set((await session.execute(statement)).scalars())


async def add_changes(session: AsyncSession, rows: Rows) -> None:
    """Write history."""
    await insert_many(session, CHANGE, rows)


async def changes_of(session: AsyncSession, link_id: str) -> Sequence[LinkChange]:
    """The history of a link, oldest first."""
    statement = select(LinkChange).where(CHANGE.c.link_id == link_id).order_by(CHANGE.c.version)
    return (await session.execute(statement)).scalars().all()


async def unlink_through_site(
    session: AsyncSession, kind: LinkKind, site: Link, values: dict[str, Any]
) -> Sequence[Row[Any]]:
    """Remove the links of one kind that came through a site; returns them as they are now."""
    gone: list[Row[Any]] = []
    for here in await _through_site(session, kind, site):
        statement = (
            update(LINK)
            .where(here)
            .values(linked=False, version=LINK.c.version + 1, **values)
            .returning(*LINK.c)
        )
        gone += (await session.execute(statement)).all()
    return gone


async def count_through_site(session: AsyncSession, kind: LinkKind, site: Link) -> int:
    """How many links of one kind came through a site."""
    count = 0
    for here in await _through_site(session, kind, site):
        statement = select(func.count()).select_from(LINK).where(here)
        count += int(await session.scalar(statement) or 0)
    return count


async def add_remote_tickets(session: AsyncSession, rows: Rows) -> None:
    """Remember the sites of remote tickets."""
    await insert_many(session, REMOTE_TICKET, rows, ignore_conflicts=True)


async def lock_operation(session: AsyncSession, operation_id: str) -> LinkOperation | None:
    """One operation, locked."""
    statement = select(LinkOperation).where(OPERATION.c.id == operation_id).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_untouched_links(session: AsyncSession, operation_id: str) -> Sequence[Link]:
    """The links that an operation removed and that nobody has changed since, locked."""
    statement = (
        select(Link)
        .join(CHANGE, CHANGE.c.link_id == LINK.c.id)
        .where(
            CHANGE.c.operation_id == operation_id,
            LINK.c.version == CHANGE.c.version,
            LINK.c.linked.is_(False),
        )
        .order_by(LINK.c.id)
        .with_for_update(of=LINK)
    )
    return (await session.execute(statement)).scalars().all()


async def lock_links_at_home(session: AsyncSession, account_ids: Sequence[str]) -> Sequence[Link]:
    """Site links whose home is one of these accounts, wherever they stand; locked."""
    home = or_(
        LINK.c.home_id.in_(account_ids),
        and_(LINK.c.home_id.is_(None), LINK.c.target_id.in_(account_ids)),
    )
    statement = (
        select(Link)
        .where(LINK.c.kind == LinkKind.SITE.value, LINK.c.linked, home)
        .order_by(LINK.c.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalars().all()


def links(kind: LinkKind) -> Subquery:
    """The present links of one kind."""
    statement = select(*LINK.c).where(LINK.c.kind == kind.value, LINK.c.linked)
    return statement.subquery(f"{kind.value}_link")


def remote_tickets() -> Subquery:
    """Through which site remote tickets came."""
    return select(*REMOTE_TICKET.c).subquery("remote_ticket")


def operations() -> Subquery:
    """Removals of site links."""
    return select(*OPERATION.c).subquery("link_operation")


async def _through_site(
    session: AsyncSession, kind: LinkKind, site: Link
) -> list[ColumnElement[bool]]:
    """Conditions that together select the links of one kind that came through a site.

    They name the remote ids: as one statement with a join this took PostgreSQL seconds for ten
    thousand links while the tables were new and without statistics.
    """
    if kind is LinkKind.DEVICE:
        remote_ids = await device_ids_of_site(session, site.connection_id, site.remote_id)
    else:
        remote_ids = await _ticket_ids_of_site(session, site.connection_id, site.remote_id)
    return [
        and_(
            LINK.c.kind == kind.value,
            LINK.c.connection_id == site.connection_id,
            LINK.c.remote_id.in_(remote_ids[start : start + CHUNK]),
            LINK.c.linked,
        )
        for start in range(0, len(remote_ids), CHUNK)
    ]


async def _ticket_ids_of_site(
    session: AsyncSession, connection_id: str, remote_site_id: str
) -> Sequence[str]:
    statement = select(REMOTE_TICKET.c.remote_ticket_id).where(
        REMOTE_TICKET.c.connection_id == connection_id,
        REMOTE_TICKET.c.remote_site_id == remote_site_id,
    )
    return (
        (await session.execute(statement.order_by(REMOTE_TICKET.c.remote_ticket_id)))
        .scalars()
        .all()
    )
