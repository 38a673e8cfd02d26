"""The catalogue joined with the links."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, select

from link_svc.catalogue.rules import search_words
from link_svc.catalogue.service import devices, sites, states
from link_svc.desk.service import accounts, assets
from link_svc.links.rules import LinkKind
from link_svc.links.service import links


@dataclass(frozen=True, slots=True)
class CatalogueFilter:
    """Which records to list; None does not restrict."""

    connection_id: str | None = None
    remote_site_id: str | None = None
    linked: bool | None = None
    gone: bool | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A statement, and the columns that it is sorted by."""

    statement: Select[Any]
    order: tuple[ColumnElement[Any], ...]

    @staticmethod
    def key(row: Row[Any]) -> tuple[str, ...]:
        """The sort values of a row."""
        return (row.name_key, row.connection_id, row.sort_id)


def list_sites(wanted: CatalogueFilter) -> Listing:
    """Sites by name, each with its link."""
    site, link, account = sites(), links(LinkKind.SITE), accounts()
    statement = (
        select(
            *site.c,
            site.c.remote_site_id.label("sort_id"),
            link.c.id.label("link_id"),
            link.c.target_id,
            link.c.auto_created,
            account.c.name.label("target_name"),
        )
        .outerjoin_from(site, link, _is_linked(link, site, site.c.remote_site_id))
        .outerjoin(account, account.c.account_id == link.c.target_id)
        .where(*_conditions(site, link, wanted))
    )
    return Listing(statement, (site.c.name_key, site.c.connection_id, site.c.remote_site_id))


def list_devices(wanted: CatalogueFilter) -> Listing:
    """Devices by name, each with its site's name and its link."""
    device, site, link, asset = devices(), sites(), links(LinkKind.DEVICE), assets()
    at_site = (site.c.connection_id == device.c.connection_id) & (
        site.c.remote_site_id == device.c.remote_site_id
    )
    statement = (
        select(
            *device.c,
            device.c.remote_device_id.label("sort_id"),
            site.c.name.label("site_name"),
            link.c.id.label("link_id"),
            link.c.target_id,
            asset.c.name.label("target_name"),
        )
        .outerjoin_from(device, site, at_site)
        .outerjoin(link, _is_linked(link, device, device.c.remote_device_id))
        .outerjoin(asset, asset.c.asset_id == link.c.target_id)
        .where(*_conditions(device, link, wanted))
    )
    order = (device.c.name_key, device.c.connection_id, device.c.remote_device_id)
    return Listing(statement, order)


def list_freshness(connection_id: str | None) -> Select[Any]:
    """How fresh each inventory is."""
    state = states()
    statement = select(state).order_by(state.c.connection_id, state.c.kind)
    return statement.where(state.c.connection_id == connection_id) if connection_id else statement


def _is_linked(link: Subquery, record: Subquery, remote_id: Any) -> ColumnElement[bool]:
    return and_(link.c.connection_id == record.c.connection_id, link.c.remote_id == remote_id)


def _conditions(
    record: Subquery, link: Subquery, wanted: CatalogueFilter
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.connection_id is not None:
        found.append(record.c.connection_id == wanted.connection_id)
    if wanted.remote_site_id is not None:
        found.append(record.c.remote_site_id == wanted.remote_site_id)
    if wanted.linked is not None:
        found.append(link.c.id.is_not(None) if wanted.linked else link.c.id.is_(None))
    if wanted.gone is not None:
        found.append(record.c.gone.is_(wanted.gone))
    for word in search_words(wanted.q or ""):
        found.append(record.c.name_key.contains(word, autoescape=True))
    return found
