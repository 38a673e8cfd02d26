"""Keeps tickets with their managers, and the names of assets; the newest version wins."""

from collections.abc import Sequence
from typing import Any

from notifier.desk import repository
from notifier.desk.rules import Ticket
from patchbay_contracts import AssetCreated, Envelope, PersonRef, TicketCreated, TicketUpdated
from patchbay_contracts.tickets import TicketFacts
from patchbay_kit.db import UnitOfWork


async def keep_tickets(
    uow: UnitOfWork, events: Sequence[Envelope[TicketCreated] | Envelope[TicketUpdated]]
) -> None:
    """Remember tickets and their managers."""
    rows = [_ticket_row(event.data, event.aggregateversion) for event in events]
    await repository.keep_tickets(uow.session, rows)


async def keep_assets(uow: UnitOfWork, events: Sequence[Envelope[AssetCreated]]) -> None:
    """Remember the names of assets."""
    names = {event.data.asset_id: event.data.name for event in events}
    rows = [{"asset_id": asset_id, "name": name} for asset_id, name in sorted(names.items())]
    await repository.keep_assets(uow.session, rows)


async def as_told(uow: UnitOfWork, facts: Sequence[TicketFacts]) -> list[Ticket]:
    """Tickets as an event tells them, with the names of their assets, in the same order."""
    names = await repository.asset_names(
        uow.session, {fact.asset_id for fact in facts if fact.asset_id}
    )
    return [
        Ticket(
            ticket_id=fact.ticket_id,
            number=fact.number,
            subject=fact.subject,
            account_name=fact.account_name,
            priority=fact.priority,
            manager=fact.manager,
            asset_name=names.get(fact.asset_id or ""),
        )
        for fact in facts
    ]


async def as_known(uow: UnitOfWork, ticket_ids: Sequence[str]) -> dict[str, Ticket]:
    """Tickets that ticket-svc has told about, by id."""
    rows = await repository.tickets(uow.session, set(ticket_ids))
    names = await repository.asset_names(
        uow.session, {row.asset_id for row in rows.values() if row.asset_id}
    )
    return {
        row.ticket_id: Ticket(
            ticket_id=row.ticket_id,
            number=row.number,
            subject=row.subject,
            account_name=row.account_name,
            priority=row.priority,
            manager=PersonRef.model_validate(row.manager) if row.manager else None,
            asset_name=names.get(row.asset_id or ""),
        )
        for row in rows.values()
    }


def _ticket_row(facts: TicketFacts, version: int) -> dict[str, Any]:
    return {
        "ticket_id": facts.ticket_id,
        "number": facts.number,
        "subject": facts.subject,
        "account_name": facts.account_name,
        "priority": facts.priority,
        "asset_id": facts.asset_id,
        "manager": facts.manager.model_dump() if facts.manager else None,
        "version": version,
    }
