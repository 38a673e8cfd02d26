"""Changing tickets: history, Inbox and version in a few statements for a whole batch.

The ticket row is locked first, so versions never collide and events about one ticket carry growing
versions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import Channel, Envelope, Reason, TicketNoteAdded
from patchbay_kit.db import UnitOfWork, insert_many, update_many
from ticket_svc.tickets.merged import final_tickets
from ticket_svc.tickets.records import NewEntry, decision_row, history_row
from ticket_svc.tickets.tables import Decision, HistoryEntry, Ticket
from ticket_svc.tickets.writing import external_update

TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_HISTORY: Table = HistoryEntry.__table__  # type: ignore[attr-defined]
_DECISION: Table = Decision.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class TicketNote:
    """Something to be written on an existing ticket.

    `inbox`: it comes from outside, so the ticket goes into the Inbox and is unread. `about` names
    the decision. `returned` is when the remote team handed the ticket back and what it waits for,
    `closed_remotely` when it closed its own: the latest of each counts, in whatever order they
    come.
    """

    ticket_id: str
    entry: NewEntry
    actor: str
    channel: Channel
    reasons: list[Reason]
    about: str
    inbox: bool = False
    returned: tuple[datetime, str] | None = None
    closed_remotely: datetime | None = None
    cause: Envelope[Any] | None = None


async def lock_tickets(session: AsyncSession, ids: Iterable[str]) -> dict[str, Row[Any]]:
    """The tickets' rows by id, locked in the order of their ids."""
    statement = select(TICKET).where(TICKET.c.id.in_(sorted(set(ids)))).order_by(TICKET.c.id)
    return {row.id: row for row in await session.execute(statement.with_for_update())}


async def lock_final(session: AsyncSession, ids: Iterable[str]) -> dict[str, Row[Any]]:
    """By each of the ids the ticket in which what is written about it belongs, locked: itself, or
    where it went, also where that was only while the lock was waited for.
    """
    wanted, rows = set(ids), dict[str, Row[Any]]()
    while True:
        final = await final_tickets(session, wanted)
        rows |= await lock_tickets(session, set(final.values()) - rows.keys())
        if all(rows[last].merged_into_id is None for last in final.values()):
            return {each: rows[last] for each, last in final.items()}


async def add_notes(
    uow: UnitOfWork, notes: Sequence[TicketNote], locked: Mapping[str, Row[Any]] | None = None
) -> list[dict[str, Any]]:
    """Write history, decisions and Inbox entries, and publish TicketNoteAdded for each note.

    A note without reasons writes no decision. What is about a merged ticket is written on the one
    that it went into. `locked`: the tickets as `lock_tickets` gave them, where the caller has them.
    Returns the history rows, in order.
    """
    if not notes:
        return []
    rows = locked or await lock_tickets(uow.session, [note.ticket_id for note in notes])
    if any(row.merged_into_id for row in rows.values()):
        await _remember_closings(uow.session, notes, rows)
        notes, rows = await _redirected(uow.session, notes, rows)
    states = {ticket_id: row._asdict() for ticket_id, row in rows.items()}
    history, decisions = [], []
    for note in notes:
        state = states[note.ticket_id]
        _apply(note, state, uow.now)
        entry = _entry_row(note, uow)
        history.append(entry)
        if note.reasons:
            decisions.append(_decision_row(note, uow))
        uow.publish(
            TicketNoteAdded(
                ticket_id=note.ticket_id,
                number=state["number"],
                entry_id=entry["id"],
                kind=note.entry.kind,
                public=note.entry.public,
                channel=note.channel,
                mail_id=note.entry.mail_id,
            ),
            subject=note.ticket_id,
            version=state["version"],
            cause=note.cause,
            actor=note.actor,
        )
    changed = [{name: state[name] for name in _CHANGED} for state in states.values()]
    await update_many(uow.session, TICKET, changed)
    await insert_many(uow.session, _HISTORY, history)
    await insert_many(uow.session, _DECISION, decisions)
    return history


async def add_to_opening(
    uow: UnitOfWork, entries: Sequence[tuple[str, NewEntry]], *, actor: str, channel: Channel
) -> None:
    """Write entries on tickets, by id, that this transaction has opened: no change of theirs."""
    rows = [
        history_row(ticket_id, entry, actor=actor, channel=channel, now=uow.now)
        for ticket_id, entry in entries
    ]
    await insert_many(uow.session, _HISTORY, rows)


_CHANGED = (
    "id",
    "version",
    "updated_at",
    "in_inbox",
    "inbox_since",
    "inbox_awaiting",
    "returned_at",
    "remote_closed_at",
    "external_update_at",
    "unread",
)


async def _remember_closings(
    session: AsyncSession, notes: Sequence[TicketNote], rows: Mapping[str, Row[Any]]
) -> None:
    """That the twins of merged tickets were closed stays known with these, for when the merge is
    undone. It is no change of theirs: their versions stay.
    """
    closed: dict[str, datetime] = {}
    for note in notes:
        row = rows[note.ticket_id]
        if note.closed_remotely is not None and row.merged_into_id is not None:
            known = closed.get(row.id) or row.remote_closed_at or note.closed_remotely
            closed[row.id] = max(known, note.closed_remotely)
    changed = [{"id": key, "remote_closed_at": closed[key]} for key in sorted(closed)]
    await update_many(session, TICKET, changed)


async def _redirected(
    session: AsyncSession, notes: Sequence[TicketNote], rows: Mapping[str, Row[Any]]
) -> tuple[list[TicketNote], dict[str, Row[Any]]]:
    """The notes on the tickets in which theirs were merged, and those tickets, locked.

    What the remote did to a merged ticket's twin is no state of the other ticket.
    """
    final = await final_tickets(session, {note.ticket_id for note in notes})
    moved = [
        note
        if final[note.ticket_id] == note.ticket_id
        else replace(note, ticket_id=final[note.ticket_id], returned=None, closed_remotely=None)
        for note in notes
    ]
    missing = set(final.values()) - rows.keys()
    found = {**rows, **await lock_tickets(session, missing)} if missing else rows
    return moved, {note.ticket_id: found[note.ticket_id] for note in moved}


def _apply(note: TicketNote, state: dict[str, Any], now: datetime) -> None:
    """What the note does to the columns of its ticket."""
    state["version"] += 1
    state["updated_at"] = now
    if note.inbox:
        state |= external_update(state, now)
    if note.returned is not None:
        known = (state["returned_at"], state["inbox_awaiting"] or "")
        if known[0] is None or note.returned > known:
            state["returned_at"], state["inbox_awaiting"] = note.returned
    closed = note.closed_remotely
    if closed is not None and (state["remote_closed_at"] or closed) <= closed:
        state["remote_closed_at"] = closed


def _entry_row(note: TicketNote, uow: UnitOfWork) -> dict[str, Any]:
    return history_row(
        note.ticket_id, note.entry, actor=note.actor, channel=note.channel, now=uow.now
    )


def _decision_row(note: TicketNote, uow: UnitOfWork) -> dict[str, Any]:
    event_id = note.cause.id if note.cause else None
    return decision_row(
        note.ticket_id, note.about, note.reasons, actor=note.actor, event_id=event_id, now=uow.now
    )
