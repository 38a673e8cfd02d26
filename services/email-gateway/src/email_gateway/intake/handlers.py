"""What ticket-svc decided about our mails, shown in the ledger."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, bindparam, update

from email_gateway.intake.tables import ReceivedMail
from patchbay_contracts import EmailDecided, Envelope
from patchbay_kit.db import UnitOfWork

_MAIL: Table = ReceivedMail.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def on_email_decided(uow: UnitOfWork, events: Sequence[Envelope[EmailDecided]]) -> None:
    """Keep the newest decision of each mail; a person may decide again what was undecided."""
    newest: dict[str, Envelope[EmailDecided]] = {}
    for event in sorted(events, key=lambda each: each.aggregateversion):
        newest[event.data.mail_id] = event
    rows = [_values(event) for _, event in sorted(newest.items())]
    statement = (
        update(_MAIL)
        .where(_MAIL.c.id == bindparam("row_id"))
        .where(_MAIL.c.decision_version < bindparam("newer_than"))
    )
    connection = await uow.session.connection()
    await connection.execute(statement, rows)


def _values(event: Envelope[EmailDecided]) -> dict[str, Any]:
    data = event.data
    return {
        "row_id": data.mail_id,
        "state": str(data.outcome),
        "ticket_id": data.ticket_id,
        "ticket_number": data.ticket_number,
        "reasons": [reason.model_dump(mode="json") for reason in data.reasons],
        "decided_at": event.time,
        "decision_version": event.aggregateversion,
        "newer_than": event.aggregateversion,
    }
