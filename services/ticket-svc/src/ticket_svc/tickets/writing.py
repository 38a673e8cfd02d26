"""Writing one change of one ticket: columns, history, decision, and what is told of it.

Promise: all of it in the caller's transaction, on a row that the caller has locked. What comes from
outside puts the ticket into the Inbox and closes its envelope, whatever was changed (S2-48, S2-57).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, update

from patchbay_contracts import EventData, Reason, ReasonCode, TicketUpdated
from patchbay_kit.db import UnitOfWork, insert_many
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.facts import facts_of
from ticket_svc.tickets.records import NewEntry, decision_row, history_row
from ticket_svc.tickets.tables import Decision, HistoryEntry, Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_HISTORY: Table = HistoryEntry.__table__  # type: ignore[attr-defined]
_DECISION: Table = Decision.__table__  # type: ignore[attr-defined]

# An event made of the members of TicketFacts, as they are after the change.
Telling = Callable[[dict[str, Any]], EventData]


@dataclass(slots=True)
class Change:
    """What is to be written.

    `told` takes the place of TicketUpdated; `also` are facts of their own, each with the next
    version. `from_outside` False: not even an outsider's doing counts as an external update.
    """

    changed: list[str]
    entries: list[NewEntry]
    values: dict[str, Any] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    about: str = "ticket.updated"
    told: Telling | None = None
    also: list[Telling] = field(default_factory=list)
    from_outside: bool = True


async def write_change(uow: UnitOfWork, row: Row[Any], change: Change, who: By) -> None:
    """Write the change of the locked `row`, which is out of date afterwards."""
    values, reasons = dict(change.values), list(change.reasons)
    if who.external and change.from_outside:
        values = external_update(row._asdict(), uow.now) | values
        if values["in_inbox"]:
            reasons.append(Reason(code=ReasonCode.INBOX_EXTERNAL_UPDATE))
    values |= {"version": row.version + 1 + len(change.also), "updated_at": uow.now}
    await uow.session.execute(update(_TICKET).where(_TICKET.c.id == row.id).values(values))
    history = [
        history_row(row.id, entry, actor=who.actor, channel=who.channel, now=uow.now)
        for entry in change.entries
    ]
    await insert_many(uow.session, _HISTORY, history)
    event_id = await _tell(uow, row, change, who)
    if reasons:
        decision = decision_row(
            row.id, change.about, reasons, actor=who.actor, event_id=event_id, now=uow.now
        )
        await insert_many(uow.session, _DECISION, [decision])


def external_update(state: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The columns that an update from outside sets; a ticket keeps its place in the Inbox."""
    since = state["inbox_since"] if state["in_inbox"] else now
    return {
        "in_inbox": True,
        "inbox_since": since,
        "external_update_at": now,
        "unread": True,
    }


async def _tell(uow: UnitOfWork, row: Row[Any], change: Change, who: By) -> str:
    facts = await facts_of(uow.session, row.id)
    told = change.told or _updated(change, who)
    event_id = uow.publish(told(facts), subject=row.id, version=row.version + 1, actor=who.actor)
    for version, each in enumerate(change.also, start=row.version + 2):
        uow.publish(each(facts), subject=row.id, version=version, actor=who.actor)
    return event_id


def _updated(change: Change, who: By) -> Telling:
    return lambda facts: TicketUpdated(**facts, changed=change.changed, channel=who.channel)
