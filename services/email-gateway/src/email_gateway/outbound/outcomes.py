"""Writing down what became of a mail, and telling the others.

Promise: a recipient who has the mail does not get it again because another was refused for now.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, Row, Table, update

from email_gateway.outbound.composing import Composed
from email_gateway.outbound.rules import MAX_ATTEMPTS, is_refused_for_good, next_wait
from email_gateway.outbound.tables import OutgoingMail
from email_gateway.outbound.transport import SendError, SendResult
from patchbay_contracts import EmailFailed, EmailSent, EventData, MailPurpose, Reason, ReasonCode
from patchbay_kit.db import UnitOfWork
from patchbay_kit.tracing import Trace, new_traceparent, traced

_OUTGOING: Table = OutgoingMail.__table__  # type: ignore[attr-defined]  # set by SQLModel


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message and the name of its copy in the blob store."""

    composed: Composed
    blob: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try; `prepared` is missing where the message could not even be built."""

    row: Row[Any]
    prepared: Prepared | None
    outcome: SendResult | SendError


def pending(row: Row[Any], composed: Composed) -> list[str]:
    """Who still has to get it: everybody, or after a part was taken those refused for now."""
    refused = _refused(row)
    if not refused:
        return composed.recipients
    return [address for address, answer in refused.items() if not is_refused_for_good(answer)]


async def record(uow: UnitOfWork, attempt: Attempt) -> None:
    """What the attempt means for the mail. An attempt that is recorded already changes nothing."""
    row, prepared, outcome = attempt.row, attempt.prepared, attempt.outcome
    last = row.attempts + 1 >= MAX_ATTEMPTS
    if isinstance(outcome, SendError):
        if not outcome.permanent and not last:
            await _try_later(uow, row, str(outcome))
        elif prepared is None or not row.refused:
            await _give_up(uow, row, str(outcome))
        else:
            rest = dict.fromkeys(pending(row, prepared.composed), str(outcome))
            await _finish(uow, row, prepared, _refused(row) | rest)
        return
    if prepared is None:
        raise TypeError("a message that was sent had been built")
    done = {a: answer for a, answer in _refused(row).items() if is_refused_for_good(answer)}
    refused = done | outcome.refused
    if not last and any(not is_refused_for_good(answer) for answer in refused.values()):
        await _try_rest_later(uow, row, prepared, refused)
    else:
        await _finish(uow, row, prepared, refused, caught=outcome.caught)


async def _finish(
    uow: UnitOfWork,
    row: Row[Any],
    prepared: Prepared,
    refused: dict[str, str],
    *,
    caught: bool = False,
) -> None:
    """The server took it, wholly or in part, or the demo caught it."""
    composed = prepared.composed
    if caught:
        state, code = "caught", ReasonCode.SEND_CAUGHT
    elif refused:
        state, code = "partly_refused", ReasonCode.SEND_PARTLY_REFUSED
    else:
        state, code = "sent", ReasonCode.SEND_SENT
    taken = [address for address in composed.recipients if address not in refused]
    params: dict[str, Any] = {"purpose": row.purpose, "recipients": taken}
    if refused:
        params["refused"] = refused
    reason = Reason(code=code, params=params)
    changed = await _change(
        uow,
        row,
        reason,
        **_part(prepared, refused),
        **_unsealed(row),
        state=state,
        sent_at=uow.now,
        last_error=None,
    )
    if not changed:
        return
    event = EmailSent(
        mail_id=row.id,
        request_id=row.request_id,
        purpose=MailPurpose(row.purpose),
        ticket_id=row.ticket_id,
        message_id=composed.message_id,
        recipients=taken,
        refused=list(refused),
        caught=caught,
        sent_at=uow.now,
        reasons=[reason],
    )
    _publish(uow, row, event)


async def _try_rest_later(
    uow: UnitOfWork, row: Row[Any], prepared: Prepared, refused: dict[str, str]
) -> None:
    error = "; ".join(f"{address}: {answer}" for address, answer in refused.items())
    await _try_later(uow, row, error, **_part(prepared, refused))


async def _try_later(uow: UnitOfWork, row: Row[Any], error: str, **values: Any) -> None:
    """Not now: back into the queue with a growing wait."""
    wait = next_wait(row.attempts + 1)
    params = {
        "error": error,
        "attempt": row.attempts + 1,
        "again_in_seconds": int(wait.total_seconds()),
    }
    reason = Reason(code=ReasonCode.SEND_RETRY, params=params)
    again = {"state": "queued", "next_attempt_at": uow.now + wait, "last_error": error}
    await _change(uow, row, reason, **again, **values)


async def _give_up(uow: UnitOfWork, row: Row[Any], error: str) -> None:
    """Refused for good, or out of attempts; the ticket is told."""
    params = {"error": error, "attempt": row.attempts + 1}
    reason = Reason(code=ReasonCode.SEND_REFUSED, params=params)
    if not await _change(uow, row, reason, state="failed", last_error=error, **_unsealed(row)):
        return
    event = EmailFailed(
        mail_id=row.id,
        request_id=row.request_id,
        purpose=MailPurpose(row.purpose),
        ticket_id=row.ticket_id,
        recipients=list(row.recipients),
        error=error,
        reasons=[reason],
    )
    _publish(uow, row, event)


def _part(prepared: Prepared, refused: dict[str, str]) -> dict[str, Any]:
    return {
        "message_id": prepared.composed.message_id,
        "blob": prepared.blob,
        "refused": [{"address": a, "answer": answer} for a, answer in refused.items()],
    }


def _unsealed(row: Row[Any]) -> dict[str, Any]:
    """What only the recipient may read is forgotten with the last attempt."""
    if not row.request.get("sealed"):
        return {}
    return {"request": {name: value for name, value in row.request.items() if name != "sealed"}}


def _refused(row: Row[Any]) -> dict[str, str]:
    return {each["address"]: each["answer"] for each in row.refused}


def _publish(uow: UnitOfWork, row: Row[Any], event: EventData) -> None:
    """Under the correlation id of the request, which came in another transaction."""
    with traced(Trace(new_traceparent(), row.correlation_id or row.id)):
        uow.publish(event, subject=row.id, version=1)


async def _change(uow: UnitOfWork, row: Row[Any], reason: Reason, **values: Any) -> bool:
    """Whether this attempt was not recorded before."""
    reasons = [*row.reasons, reason.model_dump(mode="json")]
    # The ledger keeps how it began and the newest steps, whatever the number of attempts.
    if len(reasons) > 30:
        reasons = [reasons[0], *reasons[-29:]]
    changes = {"reasons": reasons, "attempts": row.attempts + 1, "leased_until": None, **values}
    same = (_OUTGOING.c.id == row.id) & (_OUTGOING.c.attempts == row.attempts)
    where = same & (_OUTGOING.c.state == "sending")
    statement = update(_OUTGOING).where(where).values(changes)
    result: CursorResult[Any] = await uow.session.execute(statement)  # type: ignore[assignment]
    return bool(result.rowcount)
