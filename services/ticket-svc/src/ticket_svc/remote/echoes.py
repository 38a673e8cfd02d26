"""What happens at the remote after the ticket exists.

Promise: none of it ever changes the ticket's status (S1-51).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, select, tuple_

from patchbay_contracts import (
    Channel,
    Envelope,
    Reason,
    ReasonCode,
    RemoteCommandFailed,
    RemoteCommandSucceeded,
    RemoteTicketClosed,
    RemoteTicketReturned,
)
from patchbay_kit.db import UnitOfWork
from ticket_svc.remote.pending import keep_pending
from ticket_svc.remote.rules import AWAITING
from ticket_svc.tickets.changing import TicketNote, add_notes
from ticket_svc.tickets.records import Kind, NewEntry
from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def apply_echoes(uow: UnitOfWork, events: Sequence[Envelope[Any]]) -> None:
    """Note them on their tickets; those whose ticket is not there yet wait for it."""
    if not events:
        return
    keys = {_key(event) for event in events}
    found = await uow.session.execute(
        select(_TICKET.c.connection_id, _TICKET.c.remote_ticket_id, _TICKET.c.id).where(
            tuple_(_TICKET.c.connection_id, _TICKET.c.remote_ticket_id).in_(sorted(keys))
        )
    )
    tickets = {(row[0], row[1]): row[2] for row in found}
    early = [event for event in events if _key(event) not in tickets]
    await keep_pending(uow, early)
    # By time of happening, so that the history reads the same in whatever order the events came.
    timely = sorted(
        (event for event in events if _key(event) in tickets),
        key=lambda event: (event.data.occurred_at, event.id),
    )
    await add_notes(uow, [_note(event, tickets[_key(event)]) for event in timely])


def _key(event: Envelope[Any]) -> tuple[str, str]:
    return event.data.remote.connection_id, event.data.remote.remote_ticket_id


def _note(event: Envelope[Any], ticket_id: str) -> TicketNote:
    data = event.data
    actor = f"rmm:{data.remote.connection_id}"
    code: ReasonCode | None = None
    kind: Kind
    returned = closed = None
    if isinstance(data, RemoteTicketClosed):
        kind, text = "remote_closed", "Closed in the RMM. The ticket keeps its status."
        code, closed = ReasonCode.REMOTE_CLOSED_REMOTELY, data.occurred_at
    elif isinstance(data, RemoteTicketReturned):
        kind, text = "audit", f"Handed back by the remote team: {data.reason}."
        code = ReasonCode.REMOTE_RETURNED
        returned = (data.occurred_at, AWAITING[data.reason])
    else:
        kind, text = "remote_note", ""
    why = [Reason(code=code)] if code else []
    text = "\n".join(part for part in (text, data.note or "") if part)
    return TicketNote(
        ticket_id=ticket_id,
        entry=NewEntry(kind, text, data.occurred_at, data={"event": event.type}),
        actor=actor,
        channel=Channel.RMM,
        reasons=[*why, Reason(code=ReasonCode.INBOX_EXTERNAL_UPDATE)],
        about=event.type,
        inbox=True,
        returned=returned,
        closed_remotely=closed,
        cause=event,
    )


def command_note(event: Envelope[RemoteCommandSucceeded | RemoteCommandFailed]) -> TicketNote:
    """An audit entry for a command's end; a failed one goes to the Inbox, since somebody has to
    act.
    """
    data = event.data
    failed = isinstance(data, RemoteCommandFailed)
    if isinstance(data, RemoteCommandFailed):
        text = f"The RMM refused to {data.kind} its ticket: {data.error}"
    elif data.already_done:
        text = f"The RMM's ticket needed no {data.kind}: it was done already."
    else:
        text = f"The RMM's ticket: {data.kind} done."
    fallback = ReasonCode.COMMAND_FAILED if failed else ReasonCode.COMMAND_SUCCEEDED
    return TicketNote(
        ticket_id=data.ticket_id,
        entry=NewEntry("audit", text, event.time, data={"command_id": data.command_id}),
        actor=f"rmm:{data.remote.connection_id}",
        channel=Channel.RMM,
        reasons=data.reasons or [Reason(code=fallback, params={"attempts": data.attempts})],
        about=event.type,
        inbox=failed,
        cause=event,
    )
