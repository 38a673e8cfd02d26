"""The queue of outgoing mail: each request id once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table

from email_gateway.outbound.tables import OutgoingMail
from patchbay_contracts import Envelope, Reason, ReasonCode, SendEmail
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.http.models import without_nul
from patchbay_kit.ids import new_id

_OUTGOING: Table = OutgoingMail.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def queue(uow: UnitOfWork, request: SendEmail) -> str:
    """Queue one mail that nobody but us asked for; returns its id."""
    row = _row(uow, request, None)
    await insert_many(uow.session, _OUTGOING, [row], ignore_conflicts=True)
    return str(row["id"])


async def queue_all(uow: UnitOfWork, events: Sequence[Envelope[SendEmail]]) -> None:
    """Queue what other services ask for; a request that is known changes nothing."""
    by_request: dict[str, Envelope[SendEmail]] = {}
    for event in events:
        by_request.setdefault(event.data.request_id, event)
    rows = [_row(uow, event.data, event) for _, event in sorted(by_request.items())]
    await insert_many(uow.session, _OUTGOING, rows, ignore_conflicts=True)


def _row(uow: UnitOfWork, request: SendEmail, event: Envelope[SendEmail] | None) -> dict[str, Any]:
    # PostgreSQL keeps no NUL; a mail must not be lost for one.
    wanted = without_nul(request.model_dump(mode="json", exclude_none=True))
    people = [*wanted["to"], *wanted["cc"], *wanted["bcc"]]
    queued = Reason(code=ReasonCode.SEND_QUEUED)
    return {
        "id": new_id(),
        "request_id": wanted["request_id"],
        "purpose": str(request.purpose),
        "ticket_id": request.ticket_id,
        "ticket_number": wanted.get("ticket_number"),
        # Given when it is built: it takes the installation's key, which handlers do not have.
        "message_id": "",
        "subject": wanted["mail_subject"],
        "recipients": [person["email"] for person in people],
        "request": wanted,
        "correlation_id": (event.correlationid or event.id) if event else None,
        "causation_id": event.id if event else None,
        "state": "queued",
        "attempts": 0,
        "next_attempt_at": uow.now,
        "refused": [],
        "reasons": [queued.model_dump(mode="json")],
        "created_at": uow.now,
    }
