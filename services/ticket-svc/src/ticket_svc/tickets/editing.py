"""Changing tickets over HTTP: every change is in the history, with old and new (S2-68).

Promise: the row is locked and its version compared first, so nobody overwrites what they have not
seen. None of it is ever sent to the remote system but the close itself (S1-50).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from sqlalchemy import Row, Table, update

from patchbay_contracts import (
    Reason,
    ReasonCode,
    TicketClosed,
    TicketReopened,
    TicketUpdated,
)
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import not_found
from patchbay_kit.http import check_if_match
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.changing import lock_tickets
from ticket_svc.tickets.facts import facts_of
from ticket_svc.tickets.records import NewEntry, decision_row, history_row
from ticket_svc.tickets.references import asset_name, contact_named, manager_named
from ticket_svc.tickets.statuses import class_of
from ticket_svc.tickets.tables import Decision, HistoryEntry, Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_HISTORY: Table = HistoryEntry.__table__  # type: ignore[attr-defined]
_DECISION: Table = Decision.__table__  # type: ignore[attr-defined]

_LONG = frozenset({"description"})


async def lock_ticket(uow: UnitOfWork, ticket_id: str, request: Request) -> Row[Any]:
    """The ticket's row, locked; 404, or 412 where If-Match names another version."""
    row = (await lock_tickets(uow.session, [ticket_id])).get(ticket_id)
    if row is None:
        raise not_found("ticket", ticket_id)
    check_if_match(request, row.version)
    return row


@dataclass(slots=True)
class _Change:
    """What is to be written. `turned` says which class the status enters, if it enters another."""

    changed: list[str]
    entries: list[NewEntry]
    values: dict[str, Any] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    turned: str | None = None


async def change_ticket(uow: UnitOfWork, row: Row[Any], wanted: Mapping[str, Any], who: By) -> None:
    """Write what differs from the locked `row`; nothing at all where nothing does."""
    differing = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if not differing:
        return
    await _check(uow, row, differing)
    entries = [_audit(uow, name, getattr(row, name), value) for name, value in differing.items()]
    change = _Change(list(differing), entries, values=dict(differing))
    if "status" in differing:
        _turn(uow, row, change)
    if who.external:
        change.values |= into_inbox(uow, row)
        change.reasons.append(Reason(code=ReasonCode.INBOX_EXTERNAL_UPDATE))
    await _write(uow, row, change, who)


def _turn(uow: UnitOfWork, row: Row[Any], change: _Change) -> None:
    """What a status of another class brings with it (X-20, S1-84)."""
    entered = class_of(change.values["status"])
    if entered == row.status_class:
        return
    change.turned = entered
    change.values["status_class"] = entered
    change.values["closed_at"] = uow.now if entered == "closed" else None
    if entered == "open" and row.remote_ticket_id is not None:
        text = "Reopened here. The RMM's ticket stays as it is there."
        change.entries.append(NewEntry("audit", text, uow.now))
        change.reasons.append(Reason(code=ReasonCode.REMOTE_REOPENED_LOCALLY))


async def move_to_inbox(uow: UnitOfWork, row: Row[Any], who: By) -> None:
    """Into the shared Inbox (S2-50); nothing where it is in it already."""
    if not row.in_inbox:
        entry = NewEntry("audit", "Moved to the Inbox.", uow.now)
        await _write(uow, row, _Change(["in_inbox"], [entry], into_inbox(uow, row)), who)


async def remove_from_inbox(uow: UnitOfWork, row: Row[Any], who: By) -> None:
    """Out of the Inbox, for everybody (S2-37, S2-51); nothing where it is not in it."""
    if row.in_inbox:
        entry = NewEntry("audit", "Removed from the Inbox.", uow.now)
        values = {"in_inbox": False, "inbox_since": None, "inbox_awaiting": None}
        await _write(uow, row, _Change(["in_inbox"], [entry], values), who)


def into_inbox(uow: UnitOfWork, row: Row[Any]) -> dict[str, Any]:
    """The columns that put a ticket into the Inbox; it keeps its place where it is in already."""
    return {"in_inbox": True, "inbox_since": row.inbox_since if row.in_inbox else uow.now}


async def record_change(
    uow: UnitOfWork, row: Row[Any], entry: NewEntry, changed: str, who: By
) -> None:
    """Note a change of something that hangs on the ticket: history, version, TicketUpdated."""
    await _write(uow, row, _Change([changed], [entry]), who)


async def _check(uow: UnitOfWork, row: Row[Any], changes: Mapping[str, Any]) -> None:
    if changes.get("manager_id") is not None:
        await manager_named(uow.session, changes["manager_id"])
    if changes.get("asset_id") is not None:
        await asset_name(uow.session, changes["asset_id"], row.account_id)
    if changes.get("contact_id") is not None:
        await contact_named(uow.session, changes["contact_id"], row.account_id)


def _audit(uow: UnitOfWork, name: str, old: Any, new: Any) -> NewEntry:
    label = name.removesuffix("_id").capitalize()
    short = name not in _LONG and not name.endswith("_id")
    text = f"{label}: {old} → {new}" if short else f"{label} changed."
    return NewEntry("audit", text, uow.now, data={"field": name, "old": old, "new": new})


async def _write(uow: UnitOfWork, row: Row[Any], change: _Change, who: By) -> None:
    version = row.version + (2 if change.turned else 1)
    values = {**change.values, "version": version, "updated_at": uow.now}
    await uow.session.execute(update(_TICKET).where(_TICKET.c.id == row.id).values(values))
    history = [
        history_row(row.id, entry, actor=who.actor, channel=who.channel, now=uow.now)
        for entry in change.entries
    ]
    await insert_many(uow.session, _HISTORY, history)
    event_id = await _announce(uow, row, change, who)
    if change.reasons:
        about = {"closed": "ticket.closed", "open": "ticket.reopened"}.get(change.turned or "")
        decision = decision_row(
            row.id,
            about or "ticket.updated",
            change.reasons,
            actor=who.actor,
            event_id=event_id,
            now=uow.now,
        )
        await insert_many(uow.session, _DECISION, [decision])


async def _announce(uow: UnitOfWork, row: Row[Any], change: _Change, who: By) -> str:
    """TicketUpdated, and with the next version TicketClosed or TicketReopened."""
    facts = await facts_of(uow.session, row.id)
    updated = TicketUpdated(**facts, changed=change.changed, channel=who.channel)
    event_id = uow.publish(updated, subject=row.id, version=row.version + 1, actor=who.actor)
    turned: TicketClosed | TicketReopened
    if change.turned == "closed":
        turned = TicketClosed(**facts, closed_at=uow.now, channel=who.channel)
    elif change.turned == "open":
        turned = TicketReopened(**facts, reopened_at=uow.now, channel=who.channel)
    else:
        return event_id
    return uow.publish(turned, subject=row.id, version=row.version + 2, actor=who.actor)
