"""How attempts and commands end, and the events that tell it to whoever asked."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from patchbay_contracts import (
    Envelope,
    Reason,
    ReasonCode,
    RemoteCommandFailed,
    RemoteCommandSucceeded,
    RemoteRef,
)
from patchbay_kit.db import UnitOfWork
from rmm_gateway.connections import leases
from rmm_gateway.ledger import service as ledger
from rmm_gateway.outbound import repository
from rmm_gateway.outbound.repository import dated
from rmm_gateway.outbound.rules import CallResult, CommandState, after

FINAL = (CommandState.SUCCEEDED, CommandState.FAILED)


async def fail(uow: UnitOfWork, row: Row[Any], error: str, *, unknown: bool) -> None:
    """Give a command up without another attempt."""
    reason = Reason(code=ReasonCode.COMMAND_FAILED, params={"error": error})
    changed = await repository.change(
        uow.session,
        row.id,
        state=CommandState.FAILED.value,
        reasons=[*row.reasons, dated(reason, uow.now)],
        outcome_unknown=unknown,
        last_error=error,
        lease_until=None,
        lease_owner=None,
        finished_at=uow.now,
        version=row.version + 1,
    )
    tell(uow, changed._mapping, CommandState.FAILED, [reason])


async def settle(
    uow: UnitOfWork, command_id: str, owner: str, number: int, result: CallResult
) -> Row[Any] | None:
    """Write down how an attempt ended and what follows; None if the lease was lost meanwhile."""
    seen = await repository.one(uow.session, command_id)
    if seen is not None:
        await leases.lock(uow, seen.connection_id)
    row = await repository.one(uow.session, command_id, lock=True)
    if row is None or row.state != CommandState.SENDING or row.lease_owner != owner:
        return None
    following = after(result, row.attempts - row.uncounted)
    await repository.finish_attempt(
        uow.session,
        row.id,
        number,
        finished_at=uow.now,
        outcome=result.outcome.value,
        detail=result.detail,
    )
    changed = await repository.change(
        uow.session,
        row.id,
        **_after_values(row, result, following.reason, uow.now),
        state=following.state.value,
        uncounted=row.uncounted + (0 if following.counts else 1),
        next_attempt_at=uow.now + timedelta(seconds=following.delay),
        finished_at=uow.now if following.state in FINAL else None,
        version=row.version + 1,
    )
    if following.state is CommandState.SUCCEEDED:
        await ledger.mark_closed(uow, row.connection_id, [row.remote_ticket_id])
    if following.state in FINAL:
        tell(uow, changed._mapping, following.state, [following.reason])
    return changed


def _after_values(
    row: Row[Any], result: CallResult, reason: Reason, now: datetime
) -> dict[str, Any]:
    return {
        "reasons": [*row.reasons, dated(reason, now)],
        "outcome_unknown": result.unknown,
        "last_error": result.detail,
        "lease_until": None,
        "lease_owner": None,
    }


def tell(
    uow: UnitOfWork,
    command: Any,
    state: CommandState,
    reasons: list[Reason],
    *,
    already_done: bool | None = None,
) -> None:
    """Publish the end of a command, as the answer to the event that asked for it."""
    cause: Envelope[Any] = Envelope.model_construct(**command["cause"])
    common: dict[str, Any] = {
        "command_id": command["id"],
        "kind": command["kind"],
        "ticket_id": command["ticket_id"],
        "remote": RemoteRef(
            connection_id=command["connection_id"],
            provider=command["provider"],
            remote_ticket_id=command["remote_ticket_id"],
            number=command["remote_number"],
            url=command["remote_url"],
        ),
        "attempts": command["attempts"],
        "reasons": reasons,
    }
    subject, version = command["id"], command["version"]
    if state is CommandState.SUCCEEDED:
        if already_done is None:
            already_done = reasons[-1].code is ReasonCode.COMMAND_ALREADY_CLOSED
        success = RemoteCommandSucceeded(**common, already_done=already_done)
        uow.publish(success, subject=subject, version=version, cause=cause)
        return
    error = command["last_error"] or str(reasons[-1].params.get("error", "refused"))
    failure = RemoteCommandFailed(**common, error=error)
    uow.publish(failure, subject=subject, version=version, cause=cause)
