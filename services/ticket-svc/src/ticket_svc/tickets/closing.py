"""What a change of status brings with it: class, close date, times, dispatch flag and facts (X-20,
S1-84).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from patchbay_contracts import Reason, ReasonCode, TicketClosed, TicketReopened
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, conflict, invalid
from ticket_svc.desk.statuses import class_of
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.auditing import dispatch_entry
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.timing import left_status
from ticket_svc.tickets.writing import Change

REMOTE_STAYS = "Reopened here. The RMM's ticket stays as it is there."


def check_close_date(
    closed_at: datetime | None, status: str, created_at: datetime, now: datetime
) -> None:
    """422 where the close date does not go with the status that the ticket is to have."""
    closed = class_of(status) == "closed"
    if closed_at is None:
        if closed:
            raise _refused("closed_at_required", "A closed ticket has a close date", "Reopen it.")
        return
    if not closed:
        raise _refused(
            "closed_at_of_open_ticket",
            "An open ticket has no close date",
            "Send `status: completed` with it.",
        )
    if closed_at > now:
        raise _refused("closed_at_in_future", "The close date is yet to come", "Send none: now.")
    if closed_at < created_at:
        detail = f"The ticket was created at {created_at:%Y-%m-%d %H:%M:%S} UTC."
        raise _refused("closed_at_before_creation", "The close date is before the ticket", detail)


def turn(uow: UnitOfWork, row: Row[Any], change: Change, who: By) -> None:
    """Add what another status means; `change.values` has it, a close date where one is given, and
    the dispatch flag where the request names it.

    The stay in the former status ends with the close date that a person gives.
    """
    entered = class_of(change.values["status"])
    given = change.values.get("closed_at") if entered == "closed" else None
    left_at = given or uow.now
    since = row.status_since or row.created_at
    change.values["seconds_in_status"] = left_status(
        row.seconds_in_status, row.status, since, left_at
    )
    change.values["status_since"] = max(left_at, since)
    if entered == row.status_class:
        return
    change.values["status_class"] = entered
    _turn_dispatch(uow, row, change)
    closed_at = given or uow.now
    if entered == "closed":
        change.values["closed_at"] = closed_at
        change.about = "ticket.closed"
        change.also.append(
            lambda facts: TicketClosed(**facts, closed_at=closed_at, channel=who.channel)
        )
        return
    change.values["closed_at"] = None
    change.about = "ticket.reopened"
    change.also.append(
        lambda facts: TicketReopened(**facts, reopened_at=uow.now, channel=who.channel)
    )
    if row.remote_ticket_id is not None:
        change.entries.append(NewEntry("audit", REMOTE_STAYS, uow.now))
        change.reasons.append(Reason(code=ReasonCode.REMOTE_REOPENED_LOCALLY))


def _turn_dispatch(uow: UnitOfWork, row: Row[Any], change: Change) -> None:
    """What is closed waits for nobody; reopened, it waits again if closing has ended that."""
    if "awaits_dispatch" in change.values:
        change.values["dispatch_on_reopen"] = False
        return
    if not (row.awaits_dispatch or row.dispatch_on_reopen):
        return
    waits = change.values["status_class"] == "open"
    change.values |= {"awaits_dispatch": waits, "dispatch_on_reopen": not waits}
    if waits != row.awaits_dispatch:
        change.changed.append("awaits_dispatch")
        change.entries.append(dispatch_entry(waits, uow.now))


def check_waiting(status: str) -> None:
    """409 `ticket_closed`: a closed ticket does not wait for dispatching."""
    if class_of(status) == "closed":
        raise conflict("ticket_closed", "The ticket is closed", hint="Reopen it first.")


def _refused(code: str, title: str, hint: str) -> ProblemError:
    return invalid(code, title, field="/closed_at", hint=hint)
