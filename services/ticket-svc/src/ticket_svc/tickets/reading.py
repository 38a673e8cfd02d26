"""Tickets and what hangs on them, as the API shows them to a viewer.

Promise: a ticket that the viewer may not see is not there (404), in every one of these readings.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.clock import utc_now
from patchbay_kit.db import UnitOfWork
from patchbay_kit.http import Page, PageRequest
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets import repository
from ticket_svc.tickets.actor_names import history_items
from ticket_svc.tickets.hidden import without_hidden
from ticket_svc.tickets.labels import load_labels
from ticket_svc.tickets.merged import seen_target
from ticket_svc.tickets.named import id_of, is_number, named, ticket_not_found
from ticket_svc.tickets.presenting import recipient_view, ticket_view
from ticket_svc.tickets.recipient_schemas import RecipientLists
from ticket_svc.tickets.repository import HistoryFilter
from ticket_svc.tickets.schemas import (
    HistoryItem,
    TicketView,
)


async def find_row(session: AsyncSession, key: str, viewer: Viewer) -> Row[Any]:
    """The ticket by id or number, with its neighbours' names; 404 `ticket_not_found`."""
    row = await repository.find_ticket(session, named(key), *viewer.conditions())
    if row is None:
        raise ticket_not_found(key)
    return row


async def read_ticket(
    session: AsyncSession, key: str, viewer: Viewer, *, now: datetime | None = None
) -> TicketView:
    """The ticket by id or number; 404 `ticket_not_found`. `now`: until when its status has run."""
    row = await find_row(session, key, viewer)
    return await view_of(session, row, viewer, now or utc_now())


async def view_of(
    session: AsyncSession, row: Row[Any], viewer: Viewer, now: datetime
) -> TicketView:
    """The row of `find_row` as the viewer may see it."""
    recipients = await repository.recipients_of(session, row.id)
    view = ticket_view(row, recipients, viewer, await load_labels(session), now)
    view.merged_into_id = await seen_target(session, row, viewer)
    return view


async def changed_ticket(uow: UnitOfWork, ticket_id: str, viewer: Viewer) -> TicketView:
    """The ticket as the viewer's own change has left it, even where that took it out of their
    sight.
    """
    row = await repository.find_ticket(uow.session, repository.by_id(ticket_id))
    assert row is not None  # noqa: S101  # its row is locked by the caller
    recipients = await repository.recipients_of(uow.session, ticket_id)
    return ticket_view(row, recipients, viewer, await load_labels(uow.session), uow.now)


async def resolve(session: AsyncSession, key: str, viewer: Viewer) -> tuple[str, str]:
    """Id and number of the ticket that a path names by either; 404 `ticket_not_found`."""
    row = await repository.ticket_key(session, named(key), *viewer.conditions())
    if row is None:
        raise ticket_not_found(key)
    return row.id, row.number


async def resolve_many(
    session: AsyncSession, keys: Iterable[str], viewer: Viewer
) -> dict[str, str]:
    """The ids of the tickets by what names them, those that are there for the viewer."""
    named = {key: id_of(key) for key in keys}
    rows = await repository.ticket_keys(
        session,
        {each for each in named.values() if each is not None},
        {key for key in named if is_number(key)},
        *viewer.conditions(),
    )
    found = {row.number: row.id for row in rows} | {row.id: row.id for row in rows}
    return {key: found[each or key] for key, each in named.items() if (each or key) in found}


async def list_history(
    session: AsyncSession, key: str, viewer: Viewer, wanted: HistoryFilter, page: PageRequest
) -> Page[HistoryItem]:
    """One page, in the order of writing; customers see public entries only."""
    ticket_id, _ = await resolve(session, key, viewer)
    rows = await repository.page_of_history(
        session, ticket_id, wanted, page, public_only=viewer.public_only
    )
    return await history_page(session, viewer, rows, page)


async def newest_history(
    session: AsyncSession, ticket_id: str, viewer: Viewer, page: PageRequest
) -> Page[HistoryItem]:
    """One page, newest first, of a ticket that the viewer may see."""
    rows = await repository.page_of_history(
        session, ticket_id, HistoryFilter(newest_first=True), page, public_only=viewer.public_only
    )
    return await history_page(session, viewer, rows, page)


async def history_page(
    session: AsyncSession, viewer: Viewer, rows: list[Row[Any]], page: PageRequest
) -> Page[HistoryItem]:
    """Rows of `repository.page_of_history`, with the names of those who did it."""
    items = {item.id: item for item in await history_items(session, rows[: page.limit])}
    found = page.page(rows, key=lambda row: (row.id,), item=lambda row: items[row.id])
    return await without_hidden(session, viewer, found)


async def list_recipients(session: AsyncSession, key: str, viewer: Viewer) -> RecipientLists:
    """Both lists, in the order in which they were made."""
    ticket_id, _ = await resolve(session, key, viewer)
    rows = await repository.recipients_of(session, ticket_id)
    if viewer.public_only:
        rows = [row for row in rows if row.list_name == "external"]
    return lists_of(rows)


def lists_of(rows: list[Row[Any]]) -> RecipientLists:
    """Rows of `repository.recipients_of` as both lists."""
    views = [recipient_view(row) for row in rows]
    return RecipientLists(
        external=[view for view in views if view.list_name == "external"],
        employees=[view for view in views if view.list_name == "employee"],
    )
