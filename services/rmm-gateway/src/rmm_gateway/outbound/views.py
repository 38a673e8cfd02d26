"""Rows of commands as responses."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from rmm_gateway.outbound import repository
from rmm_gateway.outbound.rules import CommandState
from rmm_gateway.outbound.schemas import AttemptOut, CommandDetail, CommandOut


def shown(row: Row[Any]) -> CommandOut:
    """A row of the list."""
    return CommandOut.model_validate(_fields(row))


async def detailed(session: AsyncSession, row: Row[Any]) -> CommandDetail:
    """One command with its attempts."""
    return (await detailed_all(session, [row]))[0]


async def detailed_all(session: AsyncSession, rows: Sequence[Row[Any]]) -> list[CommandDetail]:
    """Commands with their attempts."""
    attempts: dict[str, list[AttemptOut]] = {}
    for attempt in await repository.attempts_of(session, [row.id for row in rows]):
        attempts.setdefault(attempt.command_id, []).append(AttemptOut.model_validate(attempt))
    return [
        CommandDetail.model_validate({**_fields(row), "attempt_list": attempts.get(row.id, [])})
        for row in rows
    ]


async def of_remote_ticket(
    session: AsyncSession, connection_id: str, remote_ticket_id: str
) -> list[CommandDetail]:
    """Every command to one remote ticket."""
    rows = await repository.of_remote_ticket(session, connection_id, remote_ticket_id)
    return await detailed_all(session, rows)


def _fields(row: Row[Any]) -> dict[str, Any]:
    fields = dict(row._mapping)
    if row.state != CommandState.QUEUED:
        fields["next_attempt_at"] = None
    return fields
