"""Commands: asked for by events, kept in the ledger, answered by events.

Promise: no call without a ledger row; a remote ticket is closed at most once from here, however
often ours is closed and reopened (S1-84).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from patchbay_contracts import (
    Envelope,
    Reason,
    ReasonCode,
    RemoteRef,
    TicketClosed,
    TicketReopened,
)
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import PermanentError, conflict, not_found
from patchbay_kit.ids import new_id
from rmm_gateway.connections import leases
from rmm_gateway.ledger import service as ledger
from rmm_gateway.outbound import repository
from rmm_gateway.outbound.answers import FINAL, tell
from rmm_gateway.outbound.repository import dated
from rmm_gateway.outbound.rules import (
    CommandState,
    Plan,
    close_key,
    plan_close,
    waiting_reason,
)


async def close_remotely(uow: UnitOfWork, events: Sequence[Envelope[TicketClosed]]) -> None:
    """Ask for the close of every ticket's remote twin, once per twin."""
    wanted = [(event, _checked(event.data.remote)) for event in events if event.data.remote]
    if not wanted:
        return
    keys = [close_key(ref.connection_id, ref.remote_ticket_id) for _, ref in wanted]
    found = await repository.by_keys(uow.session, sorted(set(keys)))
    planner = await _planner(uow, [ref for _, ref in wanted])
    new: dict[str, dict[str, Any]] = {}
    for (event, ref), key in zip(wanted, keys, strict=True):
        if key in new:
            continue  # Closed, reopened and closed again within one batch: one wish.
        if key in found:
            found[key] = await _ask_again(uow, found[key], event, planner)
        else:
            new[key] = _new_command(uow, key, event, ref, planner.plan(ref, event.data.status))
    await repository.add_all(uow.session, list(new.values()))


class _Planner:
    """Plans with what is known of connections and remote tickets."""

    def __init__(self, connections: dict[str, Row[Any]], closed: set[tuple[str, str]]) -> None:
        self._connections = connections
        self._closed = closed

    def plan(self, ref: RemoteRef, status: str) -> Plan:
        row = self._connections.get(ref.connection_id)
        return plan_close(
            status,
            close_on=row.close_on if row is not None else None,
            enabled=row is not None and row.ticket_processing,
            known_closed=(ref.connection_id, ref.remote_ticket_id) in self._closed,
        )


async def _planner(uow: UnitOfWork, refs: Sequence[RemoteRef]) -> _Planner:
    ids = sorted({ref.connection_id for ref in refs})
    closed: set[tuple[str, str]] = set()
    for connection_id in ids:
        remote_ids = [r.remote_ticket_id for r in refs if r.connection_id == connection_id]
        known = await ledger.closed_remotely(uow.session, connection_id, remote_ids)
        closed |= {(connection_id, remote_id) for remote_id in known}
    return _Planner(await leases.by_ids(uow.session, ids), closed)


def _new_command(
    uow: UnitOfWork, key: str, event: Envelope[TicketClosed], ref: RemoteRef, plan: Plan
) -> dict[str, Any]:
    values = {
        "id": new_id(),
        "kind": "close",
        "idempotency_key": key,
        "connection_id": ref.connection_id,
        "provider": ref.provider,
        "remote_ticket_id": ref.remote_ticket_id,
        "remote_number": ref.number,
        "remote_url": ref.url,
        "ticket_id": event.data.ticket_id,
        "ticket_number": event.data.number,
        "note": f"Closed in Patchbay, ticket {event.data.number}.",
        "payload": {},
        "state": plan.state.value,
        "reasons": [dated(plan.reason, uow.now)],
        "attempts": 0,
        "uncounted": 0,
        "outcome_unknown": False,
        "next_attempt_at": uow.now,
        "lease_until": None,
        "lease_owner": None,
        "last_error": None,
        "requested_at": uow.now,
        "requested_by": event.actor,
        "cause": {
            "id": event.id,
            "traceparent": event.traceparent,
            "correlationid": event.correlationid,
        },
        "finished_at": None,
        "version": 0,
    }
    if plan.state in FINAL:
        values |= {"finished_at": uow.now, "version": 1}
        tell(uow, values, plan.state, [plan.reason])
    return values


async def _ask_again(
    uow: UnitOfWork, row: Row[Any], event: Envelope[TicketClosed], planner: _Planner
) -> Row[Any]:
    """A ticket closed again: recorded; a new try only where the last one led to nothing."""
    if row.state == CommandState.SUCCEEDED:
        reason = Reason(code=ReasonCode.COMMAND_ALREADY_CLOSED, params={"asked_by": event.id})
        steps = [*row.reasons, dated(reason, uow.now)]
        changed = await repository.change(
            uow.session, row.id, reasons=steps, version=row.version + 1
        )
        tell(uow, changed._mapping, CommandState.SUCCEEDED, [reason], already_done=True)
        return changed
    if row.state not in (CommandState.FAILED, CommandState.SKIPPED):
        return row
    ref = RemoteRef(
        connection_id=row.connection_id,
        provider=row.provider,
        remote_ticket_id=row.remote_ticket_id,
    )
    plan = planner.plan(ref, event.data.status)
    final = plan.state in FINAL
    changed = await repository.change(
        uow.session,
        row.id,
        state=plan.state.value,
        reasons=[*row.reasons, dated(plan.reason, uow.now)],
        uncounted=row.attempts,
        next_attempt_at=uow.now,
        finished_at=uow.now if final else None,
        version=row.version + 1,
    )
    if final:
        tell(uow, changed._mapping, plan.state, [plan.reason])
    return changed


async def note_reopened(uow: UnitOfWork, event: Envelope[TicketReopened]) -> None:
    """Write down that the remote stays closed; nothing is sent (S1-84)."""
    if event.data.remote is None:
        return
    ref = _checked(event.data.remote)
    await leases.lock(uow, ref.connection_id)
    await ledger.add_reason(uow, ref, ReasonCode.REMOTE_REOPENED_LOCALLY, ticket=event.data.number)


async def retry_by_hand(uow: UnitOfWork, command_id: str) -> Row[Any]:
    """Try a failed command again, with a full set of attempts; 409 for any other."""
    row = await repository.one(uow.session, command_id, lock=True)
    if row is None:
        raise not_found("remote_command", command_id)
    if row.state != CommandState.FAILED:
        raise conflict(
            "remote_command_not_failed",
            "Only a failed command can be tried again",
            detail=f"This one is {row.state}.",
        )
    connection = (await leases.by_ids(uow.session, [row.connection_id])).get(row.connection_id)
    if connection is None:
        raise conflict("connection_removed", "The connection was removed")
    reason = Reason(code=ReasonCode.COMMAND_QUEUED, params={"by_hand": True, "actor": uow.actor})
    state = CommandState.QUEUED
    if not connection.ticket_processing:
        state, reason = CommandState.WAITING, waiting_reason()
    return await repository.change(
        uow.session,
        row.id,
        state=state.value,
        reasons=[*row.reasons, dated(reason, uow.now)],
        uncounted=row.attempts,
        next_attempt_at=uow.now,
        finished_at=None,
    )


def _checked(ref: RemoteRef | None) -> RemoteRef:
    """The reference with the connection id as the database writes it; PermanentError otherwise."""
    if ref is None or not 0 < len(ref.remote_ticket_id) <= 100:
        raise PermanentError("remote_invalid", "the remote reference names no usable ticket")
    try:
        return ref.model_copy(update={"connection_id": str(UUID(ref.connection_id))})
    except ValueError:
        raise PermanentError(
            "remote_invalid", f"{ref.connection_id!r} is no connection id"
        ) from None
