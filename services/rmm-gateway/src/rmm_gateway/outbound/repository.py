"""Reads and writes of the command ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import Reason
from patchbay_kit.db import insert_many
from rmm_gateway.outbound.rules import AttemptOutcome, CommandState
from rmm_gateway.outbound.tables import ATTEMPT, COMMAND

_INTERRUPT = (
    update(ATTEMPT)
    .where(ATTEMPT.c.command_id == bindparam("key"), ATTEMPT.c.outcome.is_(None))
    .values(
        outcome=AttemptOutcome.INTERRUPTED.value,
        finished_at=bindparam("at"),
        detail="the process that made this attempt did not come back",
    )
)


def dated(reason: Reason, at: datetime) -> dict[str, Any]:
    """A reason as a step of the stored chain."""
    return {**reason.model_dump(mode="json"), "at": at.isoformat()}


async def one(session: AsyncSession, command_id: str, *, lock: bool = False) -> Row[Any] | None:
    """A command by its id."""
    statement = select(COMMAND).where(COMMAND.c.id == command_id)
    if lock:
        statement = statement.with_for_update()
    return (await session.execute(statement)).one_or_none()


async def by_keys(session: AsyncSession, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """Commands by idempotency key, locked."""
    statement = (
        select(COMMAND)
        .where(COMMAND.c.idempotency_key.in_(keys))
        .order_by(COMMAND.c.idempotency_key)
        .with_for_update()
    )
    return {row.idempotency_key: row for row in (await session.execute(statement)).all()}


async def add_all(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert commands."""
    await insert_many(session, COMMAND, rows)


async def change(session: AsyncSession, command_id: str, **values: Any) -> Row[Any]:
    """Set columns and return the row as it is then."""
    statement = update(COMMAND).where(COMMAND.c.id == command_id).values(**values)
    return (await session.execute(statement.returning(*COMMAND.c))).one()


def _due(now: datetime) -> ColumnElement[bool]:
    columns = COMMAND.c
    return or_(
        and_(columns.state == CommandState.QUEUED.value, columns.next_attempt_at <= now),
        # Its process died during the call.
        and_(columns.state == CommandState.SENDING.value, columns.lease_until < now),
    )


async def anything_due(session: AsyncSession, now: datetime, enabled: Sequence[str]) -> bool:
    """Whether there is something to send or to release: a read, so that idle loops do not write."""
    freed = and_(
        COMMAND.c.state == CommandState.WAITING.value, COMMAND.c.connection_id.in_(enabled)
    )
    statement = select(COMMAND.c.id).where(or_(_due(now), freed)).limit(1)
    return (await session.execute(statement)).first() is not None


async def release_waiting(session: AsyncSession, enabled: Sequence[str], now: datetime) -> None:
    """Queue what waited for its connection to be enabled."""
    statement = update(COMMAND).where(
        COMMAND.c.state == CommandState.WAITING.value, COMMAND.c.connection_id.in_(enabled)
    )
    values = {"state": CommandState.QUEUED.value, "next_attempt_at": now}
    await session.execute(statement.values(values))


async def lock_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Commands that are due and that nobody else has locked."""
    statement = (
        select(COMMAND)
        .where(_due(now))
        .order_by(COMMAND.c.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).all()


async def interrupt_attempts(session: AsyncSession, ids: Sequence[str], now: datetime) -> None:
    """Close attempts whose process died."""
    if ids:
        await session.execute(_INTERRUPT, [{"key": each, "at": now} for each in ids])


async def start_attempt(session: AsyncSession, command_id: str, number: int, now: datetime) -> None:
    """Write an attempt down before it is made."""
    row = {"command_id": command_id, "number": number, "started_at": now}
    await session.execute(insert(ATTEMPT).values(**row))


async def finish_attempt(
    session: AsyncSession, command_id: str, number: int, **values: Any
) -> None:
    """Write down how an attempt ended."""
    statement = update(ATTEMPT).where(
        ATTEMPT.c.command_id == command_id, ATTEMPT.c.number == number
    )
    await session.execute(statement.values(**values))


async def attempts_of(session: AsyncSession, command_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Every attempt of some commands, oldest first."""
    statement = (
        select(ATTEMPT)
        .where(ATTEMPT.c.command_id.in_(command_ids))
        .order_by(ATTEMPT.c.started_at, ATTEMPT.c.number)
    )
    return (await session.execute(statement)).all()


async def of_remote_ticket(
    session: AsyncSession, connection_id: str, remote_ticket_id: str
) -> Sequence[Row[Any]]:
    """Every command to one remote ticket, oldest first."""
    statement = (
        select(COMMAND)
        .where(
            COMMAND.c.connection_id == connection_id,
            COMMAND.c.remote_ticket_id == remote_ticket_id,
        )
        .order_by(COMMAND.c.id)
    )
    return (await session.execute(statement)).all()


async def end_leases(session: AsyncSession, now: datetime) -> None:
    """Take every command that is being sent from whoever held it; its outcome is unknown then."""
    statement = update(COMMAND).where(COMMAND.c.state == CommandState.SENDING.value)
    await session.execute(statement.values(lease_until=now))
