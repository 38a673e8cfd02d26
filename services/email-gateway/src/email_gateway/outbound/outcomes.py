"""Writing down what became of a mail, and telling the others."""

from typing import Any

from sqlalchemy import Row, Table, update

from email_gateway.outbound.composing import Composed
from email_gateway.outbound.rules import next_wait
from email_gateway.outbound.tables import OutgoingMail
from email_gateway.outbound.transport import SendResult
from patchbay_contracts import EmailFailed, EmailSent, MailPurpose, Reason, ReasonCode
from patchbay_kit.db import UnitOfWork

_OUTGOING: Table = OutgoingMail.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def sent(
    uow: UnitOfWork, row: Row[Any], composed: Composed, result: SendResult, blob: str
) -> None:
    """The server took it, wholly or in part, or the demo caught it."""
    if result.caught:
        state, code = "caught", ReasonCode.SEND_CAUGHT
    elif result.refused:
        state, code = "partly_refused", ReasonCode.SEND_PARTLY_REFUSED
    else:
        state, code = "sent", ReasonCode.SEND_SENT
    taken = [address for address in composed.recipients if address not in result.refused]
    params: dict[str, Any] = {"purpose": row.purpose, "recipients": taken}
    if result.refused:
        params["refused"] = result.refused
    reason = Reason(code=code, params=params)
    await _change(
        uow,
        row,
        reason,
        state=state,
        message_id=composed.message_id,
        blob=blob,
        refused=[f"{address}: {answer}" for address, answer in result.refused.items()],
        sent_at=uow.now,
        last_error=None,
    )
    event = EmailSent(
        mail_id=row.id,
        request_id=row.request_id,
        purpose=MailPurpose(row.purpose),
        ticket_id=row.ticket_id,
        message_id=composed.message_id,
        recipients=taken,
        refused=list(result.refused),
        caught=result.caught,
        sent_at=uow.now,
        reasons=[reason],
    )
    uow.publish(event, subject=row.id, version=1)


async def try_later(uow: UnitOfWork, row: Row[Any], error: str) -> None:
    """Not now: back into the queue with a growing wait."""
    wait = next_wait(row.attempts + 1)
    params = {
        "error": error,
        "attempt": row.attempts + 1,
        "again_in_seconds": int(wait.total_seconds()),
    }
    reason = Reason(code=ReasonCode.SEND_RETRY, params=params)
    await _change(
        uow, row, reason, state="queued", next_attempt_at=uow.now + wait, last_error=error
    )


async def given_up(uow: UnitOfWork, row: Row[Any], error: str) -> None:
    """Refused for good, or out of attempts; the ticket is told."""
    params = {"error": error, "attempt": row.attempts + 1}
    reason = Reason(code=ReasonCode.SEND_REFUSED, params=params)
    await _change(uow, row, reason, state="failed", last_error=error)
    event = EmailFailed(
        mail_id=row.id,
        request_id=row.request_id,
        purpose=MailPurpose(row.purpose),
        ticket_id=row.ticket_id,
        recipients=list(row.recipients),
        error=error,
        reasons=[reason],
    )
    uow.publish(event, subject=row.id, version=1)


async def _change(uow: UnitOfWork, row: Row[Any], reason: Reason, **values: Any) -> None:
    reasons = [*row.reasons, reason.model_dump(mode="json")]
    # The ledger keeps how it began and the newest steps, whatever the number of attempts.
    if len(reasons) > 30:
        reasons = [reasons[0], *reasons[-29:]]
    changes = {"reasons": reasons, "attempts": row.attempts + 1, "leased_until": None, **values}
    await uow.session.execute(update(_OUTGOING).where(_OUTGOING.c.id == row.id).values(changes))
