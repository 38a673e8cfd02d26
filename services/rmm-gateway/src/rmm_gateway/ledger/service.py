"""Recording, holding, releasing and discarding remote tickets.

Promise: an update is in the ledger, and its event in the outbox, before the remote hears an
acknowledgement; the same update again changes nothing. Callers hold the connection's row lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import ReasonCode, RemoteRef
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict, not_found
from patchbay_kit.ids import new_id
from rmm_gateway.ledger import repository
from rmm_gateway.ledger.repository import HeldCounts, count_held, held_by_connection, updates_of
from rmm_gateway.ledger.rules import (
    EVENTS,
    LedgerTicket,
    TicketState,
    UpdateState,
    decide,
    learn,
    with_reasons,
)
from rmm_gateway.ledger.tables import TICKET
from rmm_gateway.providers.base import RejectedRecord, RemoteEvent, RemoteUpdate, UpdateKind

__all__ = [
    "HeldCounts",
    "Recorded",
    "add_reason",
    "closed_remotely",
    "count_held",
    "discard_ticket",
    "held_by_connection",
    "import_ticket",
    "mark_closed",
    "record",
    "release_held",
    "ticket_row",
    "tickets",
    "updates_of",
]


@dataclass(slots=True)
class Recorded:
    """What one batch came to."""

    published: int = 0
    held: int = 0
    duplicates: int = 0
    clashing: list[RejectedRecord] = field(default_factory=list)


async def record(
    uow: UnitOfWork, connection_id: str, updates: Sequence[RemoteUpdate], *, enabled: bool
) -> Recorded:
    """Write new updates to the ledger and publish or hold them; `clashing` has those whose number
    belongs to another update, as happens where a remote system starts to count anew.
    """
    result = Recorded()
    known = await repository.known_updates(uow.session, connection_id, [u.seq for u in updates])
    remote_ids = [u.remote_ticket_id for u in updates]
    tickets = await repository.load_tickets(uow.session, connection_id, remote_ids)
    rows: list[dict[str, Any]] = []
    for item in sorted(updates, key=lambda u: u.seq):
        this = (item.remote_ticket_id, item.kind.value)
        before = known.get(item.seq)
        if before == this:
            result.duplicates += 1
            continue
        if before is not None:
            result.clashing.append(_clash(item))
            continue
        known[item.seq] = this
        ticket = tickets.get(item.remote_ticket_id)
        if ticket is None:
            ticket = _new_ticket(connection_id, item, uow.now)
            tickets[item.remote_ticket_id] = ticket
        rows.append(_apply(uow, ticket, item, enabled, result))
    await repository.save_tickets(uow.session, tickets.values())
    await repository.insert_updates(uow.session, rows)
    return result


def _clash(item: RemoteUpdate) -> RejectedRecord:
    raw = item.data.model_dump_json(exclude_none=True, ensure_ascii=True)
    reason = f"number {item.seq} belongs to another update: does the remote count anew?"
    return RejectedRecord(raw, reason, item.seq)


def _apply(
    uow: UnitOfWork, ticket: LedgerTicket, item: RemoteUpdate, enabled: bool, result: Recorded
) -> dict[str, Any]:
    state = decide(ticket, item.kind, enabled=enabled)
    if state is UpdateState.DUPLICATE:
        ticket.duplicates += 1
        ticket.changed = True
        result.duplicates += 1
    else:
        learn(ticket, item, uow.now)
    if state is UpdateState.PUBLISHED:
        result.published += 1
        data: RemoteEvent = item.data
        if item.kind is UpdateKind.CREATED:
            reason = ticket.remember(ReasonCode.REMOTE_PUBLISHED, uow.now, seq=item.seq)
            data = with_reasons(data, [reason])
        _publish(uow, ticket, data)
    elif state is UpdateState.HELD:
        result.held += 1
        if item.kind is UpdateKind.CREATED:
            ticket.remember(ReasonCode.REMOTE_HELD_DISABLED, uow.now, seq=item.seq)
    keep = state in (UpdateState.HELD, UpdateState.TOO_OLD, UpdateState.DISCARDED)
    return {
        "connection_id": ticket.connection_id,
        "seq": item.seq,
        "remote_ticket_id": item.remote_ticket_id,
        "kind": item.kind.value,
        "state": state.value,
        "occurred_at": item.occurred_at,
        "received_at": uow.now,
        "payload": item.data.model_dump(mode="json", exclude_none=True) if keep else None,
    }


def _publish(uow: UnitOfWork, ticket: LedgerTicket, data: RemoteEvent) -> None:
    uow.publish(
        data,
        subject=ticket.subject,
        version=ticket.next_version(),
        actor=f"rmm:{ticket.connection_id}",
    )


def _new_ticket(connection_id: str, item: RemoteUpdate, now: datetime) -> LedgerTicket:
    return LedgerTicket(
        id=new_id(),
        connection_id=connection_id,
        remote_ticket_id=item.remote_ticket_id,
        state="",
        seen=False,
        occurred_at=item.occurred_at,
        first_seen_at=now,
        last_seen_at=now,
        last_seq=item.seq,
        is_new=True,
    )


async def release_held(uow: UnitOfWork, connection_id: str, cutoff: datetime, limit: int) -> bool:
    """Publish held updates of tickets from `cutoff` on, set older ones aside; True if more wait."""
    held = await repository.held_updates(uow.session, connection_id, limit)
    tickets = await repository.load_tickets(
        uow.session, connection_id, [row.remote_ticket_id for row in held]
    )
    states = [_release(uow, tickets[row.remote_ticket_id], row, cutoff) for row in held]
    await repository.save_tickets(uow.session, tickets.values())
    await repository.save_updates(uow.session, held, states)
    return len(held) == limit


def _release(uow: UnitOfWork, ticket: LedgerTicket, row: Row[Any], cutoff: datetime) -> UpdateState:
    if ticket.state == TicketState.HELD:
        young = ticket.occurred_at >= cutoff
        ticket.state = (TicketState.PUBLISHED if young else TicketState.TOO_OLD).value
        code = ReasonCode.REMOTE_IMPORTED_ON_ENABLE if young else ReasonCode.REMOTE_TOO_OLD
        ticket.remember(code, uow.now, cutoff=cutoff.isoformat())
    if ticket.state == TicketState.PUBLISHED:
        _publish_row(uow, ticket, row)
    return UpdateState(ticket.state)


def _publish_row(uow: UnitOfWork, ticket: LedgerTicket, row: Row[Any]) -> None:
    data: RemoteEvent = EVENTS[row.kind].model_validate(row.payload)
    _publish(uow, ticket, with_reasons(data, ticket.steps))


async def import_ticket(uow: UnitOfWork, ticket_row: Row[Any]) -> LedgerTicket:
    """Publish a ticket that is held, too old or discarded, with all its updates (C-13)."""
    ticket = repository.to_ticket(ticket_row)
    if ticket.state == TicketState.PUBLISHED:
        raise conflict("remote_ticket_published", "Already imported")
    code = ReasonCode.REMOTE_IMPORTED_ON_ENABLE
    ticket.state = TicketState.PUBLISHED.value
    ticket.remember(code, uow.now, by_hand=True, actor=uow.actor)
    rows = await _kept_updates(uow.session, ticket)
    for row in rows:
        _publish_row(uow, ticket, row)
    await repository.save_updates(uow.session, rows, [UpdateState.PUBLISHED] * len(rows))
    await repository.save_tickets(uow.session, [ticket])
    return ticket


async def discard_ticket(uow: UnitOfWork, ticket_row: Row[Any]) -> LedgerTicket:
    """Set a ticket aside for good; it stays listed and can still be imported."""
    ticket = repository.to_ticket(ticket_row)
    if ticket.state not in (TicketState.HELD, TicketState.TOO_OLD):
        raise conflict("remote_ticket_decided", f"The remote ticket is {ticket.state}")
    ticket.state = TicketState.DISCARDED.value
    ticket.remember(ReasonCode.REMOTE_DISCARDED, uow.now, actor=uow.actor)
    rows = await _kept_updates(uow.session, ticket)
    await repository.save_updates(uow.session, rows, [UpdateState.DISCARDED] * len(rows))
    await repository.save_tickets(uow.session, [ticket])
    return ticket


async def _kept_updates(session: AsyncSession, ticket: LedgerTicket) -> list[Row[Any]]:
    rows = await repository.updates_of(session, ticket.connection_id, ticket.remote_ticket_id)
    final = (UpdateState.PUBLISHED, UpdateState.DUPLICATE)
    return [row for row in rows if row.state not in final]


def tickets(
    state: TicketState | None, connection_id: str | None, remote_ticket_id: str | None
) -> tuple[Select[Any], ColumnElement[Any]]:
    """The ledger's rows that match, and the column that orders them."""
    statement = select(TICKET)
    if state is not None:
        statement = statement.where(TICKET.c.state == state.value)
    if connection_id is not None:
        statement = statement.where(TICKET.c.connection_id == connection_id)
    if remote_ticket_id is not None:
        statement = statement.where(TICKET.c.remote_ticket_id == remote_ticket_id)
    return statement, TICKET.c.id


async def ticket_row(session: AsyncSession, ticket_id: str) -> Row[Any]:
    """One ledger row by its id; 404 where there is none."""
    row = (await session.execute(select(TICKET).where(TICKET.c.id == ticket_id))).one_or_none()
    if row is None:
        raise not_found("remote_ticket", ticket_id)
    return row


async def closed_remotely(
    session: AsyncSession, connection_id: str, remote_ids: Sequence[str]
) -> set[str]:
    """Which of the tickets are known to be closed at the remote."""
    tickets = await repository.load_tickets(session, connection_id, remote_ids)
    return {ticket.remote_ticket_id for ticket in tickets.values() if ticket.closed_at}


async def mark_closed(uow: UnitOfWork, connection_id: str, remote_ids: Sequence[str]) -> None:
    """Remember that our close succeeded, so that a later one needs no call (S1-84)."""
    statement = update(TICKET).where(
        TICKET.c.connection_id == connection_id,
        TICKET.c.remote_ticket_id.in_(sorted(remote_ids)),
        TICKET.c.closed_at.is_(None),
    )
    await uow.session.execute(statement.values(closed_at=uow.now))


async def add_reason(uow: UnitOfWork, remote: RemoteRef, code: ReasonCode, **params: Any) -> None:
    """Add a step to a ticket's chain; a ticket that never came through us gets a row for it."""
    found = await repository.load_tickets(
        uow.session, remote.connection_id, [remote.remote_ticket_id]
    )
    ticket = found.get(remote.remote_ticket_id) or LedgerTicket(
        id=new_id(),
        connection_id=remote.connection_id,
        remote_ticket_id=remote.remote_ticket_id,
        state=TicketState.PUBLISHED.value,
        seen=False,
        occurred_at=uow.now,
        first_seen_at=uow.now,
        last_seen_at=uow.now,
        last_seq=0,
        number=remote.number,
        url=remote.url,
        is_new=True,
    )
    ticket.remember(code, uow.now, **params)
    await repository.save_tickets(uow.session, [ticket])
