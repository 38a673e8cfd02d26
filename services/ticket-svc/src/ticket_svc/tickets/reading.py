"""Rows of tickets as the API shows them."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.errors import not_found
from patchbay_kit.http import Page, PageRequest
from ticket_svc.explaining import explained
from ticket_svc.tickets import repository
from ticket_svc.tickets.repository import TicketFilter
from ticket_svc.tickets.schemas import (
    ExplainedDecision,
    HistoryItem,
    Named,
    Person,
    RecipientLists,
    RecipientView,
    RemoteTwin,
    TicketExplanation,
    TicketSummary,
    TicketView,
)

_NUMBER = re.compile(r"[0-9]{4}-[0-9]{4}")


async def list_tickets(
    session: AsyncSession, wanted: TicketFilter, page: PageRequest
) -> Page[TicketSummary]:
    """One page, newest first."""
    rows = await repository.page_of_tickets(session, wanted, page)
    return page.page(rows, key=lambda row: (row.id,), item=_summary)


async def read_ticket(session: AsyncSession, key: str) -> TicketView:
    """The ticket by id or number; 404 `ticket_not_found`."""
    row = await repository.find_ticket(session, _named(key))
    if row is None:
        raise not_found("ticket", key[:64])
    recipients = await repository.recipients_of(session, row.id)
    contact = None
    if row.contact_id is not None and row.contact_name is not None:
        contact = Person(id=row.contact_id, name=row.contact_name, email=row.contact_email)
    return TicketView(
        **_fields(row),
        description=row.description,
        contact=contact,
        recipients=[_recipient(each) for each in recipients],
    )


async def resolve(session: AsyncSession, key: str) -> tuple[str, str]:
    """Id and number of the ticket that a path names by either; 404 `ticket_not_found`."""
    row = await repository.ticket_key(session, _named(key))
    if row is None:
        raise not_found("ticket", key[:64])
    return row.id, row.number


async def list_history(
    session: AsyncSession, key: str, kind: str | None, page: PageRequest
) -> Page[HistoryItem]:
    """One page, oldest first."""
    ticket_id, _ = await resolve(session, key)
    rows = await repository.page_of_history(session, ticket_id, kind, page)
    return page.page(rows, key=lambda row: (row.id,), item=HistoryItem.model_validate)


async def list_recipients(session: AsyncSession, key: str) -> RecipientLists:
    """Both lists, in the order in which they were made."""
    ticket_id, _ = await resolve(session, key)
    views = [_recipient(row) for row in await repository.recipients_of(session, ticket_id)]
    return RecipientLists(
        external=[view for view in views if view.list_name == "external"],
        employees=[view for view in views if view.list_name == "employee"],
    )


async def explain_ticket(session: AsyncSession, key: str) -> TicketExplanation:
    """The chain of decisions behind the ticket."""
    ticket_id, number = await resolve(session, key)
    decisions = [
        ExplainedDecision(
            about=row.about,
            event_id=row.event_id,
            actor=row.actor,
            at=row.decided_at,
            reasons=explained(row.reasons),
        )
        for row in await repository.decisions_of(session, ticket_id)
    ]
    return TicketExplanation(ticket_id=ticket_id, number=number, decisions=decisions)


def _named(key: str) -> ColumnElement[bool]:
    if _NUMBER.fullmatch(key):
        return repository.by_number(key)
    try:
        return repository.by_id(str(UUID(key)))
    except ValueError:
        raise not_found("ticket", key[:64]) from None


def _summary(row: Row[Any]) -> TicketSummary:
    return TicketSummary(**_fields(row))


def _fields(row: Row[Any]) -> dict[str, Any]:
    manager = asset = remote = None
    if row.manager_id is not None and row.manager_name is not None:
        manager = Person(id=row.manager_id, name=row.manager_name, email=row.manager_email)
    if row.asset_id is not None and row.asset_name is not None:
        asset = Named(id=row.asset_id, name=row.asset_name)
    if row.remote_ticket_id is not None:
        remote = RemoteTwin(
            connection_id=row.connection_id,
            provider=row.provider,
            remote_ticket_id=row.remote_ticket_id,
            number=row.remote_number,
            url=row.remote_url,
            origin=row.remote_origin,
            closed_at=row.remote_closed_at,
        )
    plain = {name: getattr(row, name) for name in _PLAIN}
    account = Named(id=row.account_id, name=row.account_name)
    return plain | {"account": account, "manager": manager, "asset": asset, "remote": remote}


_PLAIN = tuple(
    name
    for name in TicketSummary.model_fields
    if name not in {"account", "manager", "asset", "remote"}
)


def _recipient(row: Row[Any]) -> RecipientView:
    external = row.list_name == "external"
    return RecipientView(
        list_name=row.list_name,
        place=row.place,
        role=row.role,
        employee_id=row.employee_id,
        contact_id=row.contact_id,
        name=row.name if external else (row.person_name or ""),
        email=row.email if external else row.person_email,
    )
