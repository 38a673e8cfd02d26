"""Marking tickets read and unread (S2-57 .. S2-65).

Promise: the envelope is about the ticket manager (ruling S2-65): a reading by the manager counts,
and one by somebody who may read in their place. Neither touches the Inbox. What others than the
manager do to it is in the history (C-15).
"""

from typing import Any

from sqlalchemy import Row, Table, delete, update

from patchbay_contracts import TicketMarkedRead, TicketMarkedUnread
from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import ProblemError, conflict
from ticket_svc.rights.viewer import MARK_READ
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.records import NewEntry, history_row
from ticket_svc.tickets.tables import HistoryEntry, Ticket, TicketRead

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_READ: Table = TicketRead.__table__  # type: ignore[attr-defined]
_HISTORY: Table = HistoryEntry.__table__  # type: ignore[attr-defined]


async def mark_read(uow: UnitOfWork, row: Row[Any], reader: Principal) -> None:
    """The last external update of the locked ticket counts as seen; nothing where there is none.

    It is kept for the reader and for the manager in whose place they read, so that neither starts
    unread when the ticket becomes theirs. 403 `permission_missing` (S2-64).
    """
    if reader.id != row.manager_id and not reader.may(MARK_READ):
        raise ProblemError(
            403,
            "permission_missing",
            "You may not do this",
            detail=f"Another manager's ticket is marked read with the permission {MARK_READ!r}.",
            hint="Ask an administrator for it.",
            extra={"permission": MARK_READ},
        )
    if row.external_update_at is None:
        return
    people = _people(row, reader)
    await _forget(uow, row.id, people)
    reads = [
        {"ticket_id": row.id, "employee_id": each, "read_through": row.external_update_at}
        for each in people
    ]
    await insert_many(uow.session, _READ, reads, ignore_conflicts=True)
    if row.unread:
        told = TicketMarkedRead(
            ticket_id=row.id,
            number=row.number,
            manager_id=row.manager_id,
            read_through=row.external_update_at,
        )
        await _write(uow, row, told, reader, unread=False)


async def mark_unread(uow: UnitOfWork, row: Row[Any], reader: Principal) -> None:
    """As if neither the manager nor the caller had seen the last external update.

    409 `never_external` where there is none.
    """
    if row.external_update_at is None:
        raise conflict(
            "never_external",
            "The ticket has no envelope",
            detail="Nobody outside the desk has created or updated it: there is nothing to read.",
        )
    await _forget(uow, row.id, _people(row, reader))
    if not row.unread:
        told = TicketMarkedUnread(ticket_id=row.id, number=row.number, manager_id=row.manager_id)
        await _write(uow, row, told, reader, unread=True)


def _people(row: Row[Any], reader: Principal) -> list[str]:
    """Whose reading it is: the manager's, and the caller's where they are an employee."""
    people = {row.manager_id} if row.manager_id is not None else set()
    if reader.kind == "employee":
        people.add(reader.id)
    return sorted(people)


async def _forget(uow: UnitOfWork, ticket_id: str, people: list[str]) -> None:
    gone = delete(_READ).where(_READ.c.ticket_id == ticket_id, _READ.c.employee_id.in_(people))
    await uow.session.execute(gone)


def _entry(uow: UnitOfWork, unread: bool) -> NewEntry:
    text = f"Marked as {'unread' if unread else 'read'}, not by the ticket manager."
    data = {"field": "unread", "old": not unread, "new": unread}
    return NewEntry("audit", text, uow.now, data=data)


async def _write(
    uow: UnitOfWork,
    row: Row[Any],
    told: TicketMarkedRead | TicketMarkedUnread,
    reader: Principal,
    *,
    unread: bool,
) -> None:
    """`updated_at` stays: reading is no change of what the ticket is about."""
    if reader.id != row.manager_id:
        who = by(reader)
        entry = history_row(
            row.id, _entry(uow, unread), actor=who.actor, channel=who.channel, now=uow.now
        )
        await insert_many(uow.session, _HISTORY, [entry])
    version = row.version + 1
    values = {"unread": unread, "version": version}
    await uow.session.execute(update(_TICKET).where(_TICKET.c.id == row.id).values(values))
    uow.publish(told, subject=row.id, version=version, actor=reader.actor)
