"""Links as people see them: with the names of both sides. For reading only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, Subquery, false, func, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from link_svc.catalogue.rules import search_words
from link_svc.catalogue.service import devices, sites
from link_svc.desk.service import accounts, assets
from link_svc.links import repository
from link_svc.links.rules import LinkKind
from link_svc.links.schemas import DeviceLink, Operation, SiteLink, TicketLink
from patchbay_kit.errors import not_found
from patchbay_kit.http import Page, PageRequest, keyset

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """Which links to list; None does not restrict."""

    connection_id: str | None = None
    remote_id: str | None = None
    target_id: str | None = None
    account_id: str | None = None
    remote_site_id: str | None = None
    q: str | None = None


async def list_site_links(
    session: AsyncSession, wanted: LinkFilter, params: PageRequest
) -> Page[SiteLink]:
    """Links of sites, newest first."""
    return await _list(session, _site_links(), wanted, params, SiteLink.model_validate)


async def list_device_links(
    session: AsyncSession, wanted: LinkFilter, params: PageRequest
) -> Page[DeviceLink]:
    """Links of devices, newest first."""
    return await _list(session, _device_links(), wanted, params, DeviceLink.model_validate)


async def list_ticket_links(
    session: AsyncSession,
    wanted: LinkFilter,
    params: PageRequest,
    bounds: Sequence[ColumnElement[bool]],
) -> Page[TicketLink]:
    """Links of tickets, newest first, within the bounds of who may see which."""
    view = _ticket_links()
    view = replace(view, statement=view.statement.where(*bounds))
    return await _list(session, view, wanted, params, TicketLink.model_validate)


async def site_link(session: AsyncSession, link_id: str) -> SiteLink:
    """One link of a site; 404."""
    return SiteLink.model_validate(await _one(session, _site_links(), LinkKind.SITE, link_id))


async def device_link(session: AsyncSession, link_id: str) -> DeviceLink:
    """One link of a device; 404."""
    row = await _one(session, _device_links(), LinkKind.DEVICE, link_id)
    return DeviceLink.model_validate(row)


async def ticket_link(session: AsyncSession, link_id: str) -> TicketLink:
    """One link of a ticket; 404."""
    return TicketLink.model_validate(await _one(session, _ticket_links(), LinkKind.TICKET, link_id))


async def list_operations(session: AsyncSession, params: PageRequest) -> Page[Operation]:
    """Removals of site links, newest first."""
    source = repository.operations()
    rows = (await session.execute(keyset(select(source), [source.c.id], params))).all()
    return params.page(rows, key=lambda row: (row.id,), item=Operation.model_validate)


@dataclass(frozen=True, slots=True)
class _View:
    statement: Select[Any]
    link: Subquery
    name_key: ColumnElement[str]
    account_id: ColumnElement[Any] | None = None
    remote_site_id: ColumnElement[Any] | None = None


def _site_links() -> _View:
    link, site, account = repository.links(LinkKind.SITE), sites(), accounts()
    key = func.coalesce(site.c.name_key, func.lower(link.c.remote_name))
    here = (site.c.connection_id == link.c.connection_id) & (
        site.c.remote_site_id == link.c.remote_id
    )
    statement = (
        select(
            *_common(link),
            link.c.remote_id.label("remote_site_id"),
            func.coalesce(site.c.name, link.c.remote_name).label("site_name"),
            func.coalesce(not_(site.c.gone), false()).label("listed"),
            link.c.target_id.label("account_id"),
            account.c.name.label("account_name"),
            link.c.auto_created,
        )
        .outerjoin_from(link, site, here)
        .outerjoin(account, account.c.account_id == link.c.target_id)
    )
    return _View(statement, link, key, link.c.target_id, link.c.remote_id)


def _device_links() -> _View:
    link, device, asset = repository.links(LinkKind.DEVICE), devices(), assets()
    key = func.coalesce(device.c.name_key, func.lower(link.c.remote_name))
    here = (device.c.connection_id == link.c.connection_id) & (
        device.c.remote_device_id == link.c.remote_id
    )
    statement = (
        select(
            *_common(link),
            link.c.remote_id.label("remote_device_id"),
            func.coalesce(device.c.name, link.c.remote_name).label("device_name"),
            device.c.remote_site_id,
            func.coalesce(not_(device.c.gone), false()).label("listed"),
            link.c.target_id.label("asset_id"),
            asset.c.name.label("asset_name"),
            asset.c.account_id,
        )
        .outerjoin_from(link, device, here)
        .outerjoin(asset, asset.c.asset_id == link.c.target_id)
    )
    return _View(statement, link, key, asset.c.account_id, device.c.remote_site_id)


def _ticket_links() -> _View:
    link, origin = repository.links(LinkKind.TICKET), repository.remote_tickets()
    here = (origin.c.connection_id == link.c.connection_id) & (
        origin.c.remote_ticket_id == link.c.remote_id
    )
    statement = select(
        *_common(link),
        link.c.remote_id.label("remote_ticket_id"),
        func.nullif(link.c.remote_name, "").label("remote_number"),
        origin.c.remote_site_id,
        link.c.target_id.label("ticket_id"),
    ).outerjoin_from(link, origin, here)
    return _View(statement, link, func.lower(link.c.remote_name), None, origin.c.remote_site_id)


def _common(link: Subquery) -> list[ColumnElement[Any]]:
    return [link.c[name] for name in ("id", "connection_id", "version", "changed_at", "changed_by")]


async def _list(
    session: AsyncSession,
    view: _View,
    wanted: LinkFilter,
    params: PageRequest,
    item: Callable[[Row[Any]], T],
) -> Page[T]:
    statement = view.statement.where(*_conditions(view, wanted))
    rows = (await session.execute(keyset(statement, [view.link.c.id], params))).all()
    return params.page(rows, key=lambda row: (row.id,), item=item)


async def _one(session: AsyncSession, view: _View, kind: LinkKind, link_id: str) -> Row[Any]:
    statement = view.statement.where(view.link.c.id == link_id)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise not_found(f"{kind.value}_link", link_id)
    return row


def _conditions(view: _View, wanted: LinkFilter) -> Sequence[ColumnElement[bool]]:
    columns = {
        "connection_id": view.link.c.connection_id,
        "remote_id": view.link.c.remote_id,
        "target_id": view.link.c.target_id,
        "account_id": view.account_id,
        "remote_site_id": view.remote_site_id,
    }
    found: list[ColumnElement[bool]] = []
    for name, column in columns.items():
        value = getattr(wanted, name)
        if value is not None and column is not None:
            found.append(column == value)
    for word in search_words(wanted.q or ""):
        found.append(view.name_key.contains(word, autoescape=True))
    return found
