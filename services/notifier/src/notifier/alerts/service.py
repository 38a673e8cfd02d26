"""Decides who is told, writes the ledger and asks for the mail.

Promise: one event gives one alert per person (X-09). The ledger row, AlertRequested and
SendAlertEmail are one transaction; the request id is the same in every repetition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from notifier.alerts import repository
from notifier.alerts.rules import (
    AlertState,
    Text,
    decide,
    person_key,
    request_id,
)
from notifier.alerts.tables import AlertPreference
from notifier.desk.rules import Ticket
from patchbay_contracts import (
    AlertRequested,
    Envelope,
    Reason,
    ReasonCode,
    SendAlertEmail,
)
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import TransientError
from patchbay_kit.ids import new_id

_PUBLIC_URL = "public_url"


@dataclass(frozen=True, slots=True)
class Occasion:
    """An event that the manager of a ticket should hear about."""

    event: Envelope[Any]
    ticket: Ticket
    text: Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mail of an alert."""

    request_id: str
    state: AlertState
    mail_id: str
    error: str | None
    reasons: list[Reason]


async def alert_managers(uow: UnitOfWork, occasions: Sequence[Occasion]) -> None:
    """Tell the manager of each occasion's ticket, or write down why not."""
    managers = {
        o.ticket.manager.id
        for o in occasions
        if o.ticket.manager is not None and o.ticket.manager.id
    }
    off = await repository.switched_off(uow.session, managers)
    decided = []
    for occasion in occasions:
        person = occasion.ticket.manager
        switched_off = person is not None and person.id in off
        reason = decide(person, occasion.event.actor, switched_off=switched_off)
        decided.append((_ledger_row(uow, occasion, reason), occasion, reason))
    new = await repository.add_alerts(uow.session, [row for row, _, _ in decided])
    for row, occasion, reason in decided:
        if row["id"] in new:
            _publish(uow, row, occasion, reason)


async def settle(uow: UnitOfWork, outcomes: Sequence[Outcome]) -> None:
    """Write down what became of mails. "Sent" beats "failed", whichever is told first."""
    by_request = {outcome.request_id: outcome for outcome in outcomes}
    if not by_request:
        return
    for alert in await repository.lock_alerts(uow.session, by_request):
        outcome = by_request[alert.request_id]
        if alert.state in (AlertState.SENT, AlertState.CAUGHT) or alert.state == outcome.state:
            continue
        alert.state = outcome.state.value
        alert.mail_id = outcome.mail_id
        alert.error = outcome.error
        alert.settled_at = uow.now
        alert.reasons = [*alert.reasons, *_dumped(outcome.reasons)]


async def keep_public_url(uow: UnitOfWork, url: str) -> None:
    """Write down where links in alerts lead."""
    await repository.keep_setting(uow.session, _PUBLIC_URL, url)


async def public_url(uow: UnitOfWork) -> str:
    """Where links in alerts lead; TransientError before the first start has written it."""
    url = await repository.setting(uow.session, _PUBLIC_URL)
    if url is None:
        raise TransientError("not_started", "the public address is not written down yet")
    return url


def choose(uow: UnitOfWork, preference: AlertPreference, *, enabled: bool) -> AlertPreference:
    """Switch a person's alerts on or off; acts from the next event on (X-12)."""
    if preference.version == 0 or preference.enabled != enabled:
        preference.enabled = enabled
        preference.version += 1
        preference.changed_at = uow.now
        preference.changed_by = uow.actor or f"system:{uow.service}"
    return preference


async def lock_preference(uow: UnitOfWork, employee_id: str) -> AlertPreference:
    """What a person chose, locked; version 0 and on where they never chose."""
    first = {
        "employee_id": employee_id,
        "enabled": True,
        "version": 0,
        "changed_at": uow.now,
        "changed_by": f"system:{uow.service}",
    }
    return await repository.lock_preference(uow.session, first)


def _ledger_row(uow: UnitOfWork, occasion: Occasion, reason: Reason) -> dict[str, Any]:
    key = person_key(occasion.ticket.manager)
    told = reason.code is ReasonCode.ALERT_SENT
    return {
        "id": new_id(),
        "event_id": occasion.event.id,
        "person_key": key,
        "request_id": request_id(occasion.event.id, key),
        "about": occasion.event.type,
        "ticket_id": occasion.ticket.ticket_id,
        "ticket_number": occasion.ticket.number,
        "person": occasion.ticket.manager.model_dump() if occasion.ticket.manager else None,
        "mail_subject": occasion.text.subject,
        "state": (AlertState.REQUESTED if told else AlertState.SUPPRESSED).value,
        "reasons": _dumped([reason]),
        "decided_at": uow.now,
        "mail_id": None,
        "settled_at": None,
        "error": None,
    }


def _publish(uow: UnitOfWork, row: dict[str, Any], occasion: Occasion, reason: Reason) -> None:
    told = reason.code is ReasonCode.ALERT_SENT
    uow.publish(
        AlertRequested(
            alert_id=row["id"],
            ticket_id=occasion.ticket.ticket_id,
            about=occasion.event.type,
            person=occasion.ticket.manager,
            suppressed=not told,
            decided_at=uow.now,
            reasons=[reason],
        ),
        subject=row["id"],
        version=1,
        cause=occasion.event,
    )
    if not told or occasion.ticket.manager is None:
        return
    uow.publish(
        SendAlertEmail(
            request_id=row["request_id"],
            ticket_id=occasion.ticket.ticket_id,
            ticket_number=occasion.ticket.number,
            to=[occasion.ticket.manager],
            mail_subject=occasion.text.subject,
            text=occasion.text.body,
        ),
        subject=row["request_id"],
        version=1,
        cause=occasion.event,
    )


def _dumped(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    return [reason.model_dump(mode="json") for reason in reasons]
