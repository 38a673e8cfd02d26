"""The command loop: mark as sending and commit, call, write down how it ended.

Promise: a command is called at most once at a time, and never again after an unknown outcome
without a look at the remote first. A crash while sending counts as an unknown outcome.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Row

from patchbay_contracts import ConnectionState
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import PermanentError
from patchbay_kit.ids import new_id
from rmm_gateway.connections import leases
from rmm_gateway.outbound import answers, repository
from rmm_gateway.outbound.repository import dated
from rmm_gateway.outbound.rules import (
    AttemptOutcome,
    CallResult,
    CommandState,
    of_error,
    waiting_reason,
)
from rmm_gateway.providers.base import ProviderError, RmmProvider
from rmm_gateway.wiring import Parts

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A command marked as sending, with its attempt number."""

    command: Row[Any]
    connection: Row[Any]
    number: int


@dataclass(slots=True)
class CommandSender:
    """Carries out due commands; several replicas may run it."""

    parts: Parts
    owner: str = field(default_factory=new_id)

    async def step(self) -> bool:
        """Carry out what is due; False when there was nothing."""
        db = self.parts.runtime.db
        async with db.read() as session:
            enabled = await leases.enabled_ids(session)
            if not await repository.anything_due(session, db.clock(), enabled):
                return False
        jobs = await self._claim()
        by_connection: dict[str, list[Job]] = {}
        for job in jobs:
            by_connection.setdefault(job.connection.id, []).append(job)
        limit = asyncio.Semaphore(self.parts.settings.rmm_command_concurrency)
        async with asyncio.TaskGroup() as group:
            for some in by_connection.values():
                group.create_task(self._carry_out_all(some, limit))
        return bool(jobs)

    async def _claim(self) -> list[Job]:
        """Mark due commands as sending; commits before any call is made."""
        async with self.parts.runtime.db.unit_of_work() as uow:
            enabled = await leases.enabled_ids(uow.session)
            await repository.release_waiting(uow.session, enabled, uow.now)
            size = self.parts.settings.rmm_command_concurrency
            rows = await repository.lock_due(uow.session, uow.now, size)
            crashed = [row.id for row in rows if row.state == CommandState.SENDING]
            await repository.interrupt_attempts(uow.session, crashed, uow.now)
            ids = sorted({row.connection_id for row in rows})
            connections = await leases.by_ids(uow.session, ids)
            jobs: list[Job] = []
            for row in rows:
                connection = connections.get(row.connection_id)
                if connection is not None and _may_send(connection):
                    jobs.append(await self._mark(uow, row, connection))
                else:
                    await _put_back(uow, row, gone=connection is None)
            return jobs

    async def _mark(self, uow: UnitOfWork, row: Row[Any], connection: Row[Any]) -> Job:
        number = row.attempts + 1
        crashed = row.state == CommandState.SENDING
        await repository.start_attempt(uow.session, row.id, number, uow.now)
        marked = await repository.change(
            uow.session,
            row.id,
            state=CommandState.SENDING.value,
            attempts=number,
            outcome_unknown=row.outcome_unknown or crashed,
            lease_until=uow.now + self.parts.settings.lease,
            lease_owner=self.owner,
        )
        return Job(marked, connection, number)

    async def _carry_out_all(self, jobs: Sequence[Job], limit: asyncio.Semaphore) -> None:
        connection = jobs[0].connection
        try:
            target = self.parts.policy.target(connection)
        except PermanentError as error:
            barred = CallResult(AttemptOutcome.BARRED, str(error))
            for job in jobs:
                await self._settle(job, barred)
            return
        async with self.parts.providers.open(target) as provider, asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(self._carry_out(provider, job, limit))

    async def _carry_out(self, provider: RmmProvider, job: Job, limit: asyncio.Semaphore) -> None:
        async with limit:
            try:
                result = await call(provider, job.command)
            except Exception as error:
                # A defect of ours hurts no other command, and nobody knows what it came to.
                log.exception("command.broken", command=job.command.id)
                name = type(error).__name__
                result = CallResult(AttemptOutcome.UNKNOWN, f"internal: {name}", unknown=True)
        await self._settle(job, result)

    async def _settle(self, job: Job, result: CallResult) -> None:
        async with self.parts.runtime.db.unit_of_work() as uow:
            row = await answers.settle(uow, job.command.id, self.owner, job.number, result)
        log.info(
            "command.attempted",
            command=job.command.id,
            kind=job.command.kind,
            attempt=job.number,
            outcome=result.outcome.value,
            detail=result.detail,
            state=row.state if row is not None else "lease lost",
        )


async def call(provider: RmmProvider, command: Row[Any]) -> CallResult:
    """Make one attempt; after an unknown outcome look first, repeat only if it is still open."""
    remote_id = command.remote_ticket_id
    if command.outcome_unknown:
        try:
            found = await provider.find(remote_id)
        except ProviderError as error:
            return of_error(error, looking=True)
        if found is None:
            return CallResult(AttemptOutcome.REFUSED, "the remote does not know this ticket")
        if found.closed:
            done = AttemptOutcome.SUCCEEDED if found.closed_by_us else AttemptOutcome.ALREADY_DONE
            return CallResult(done, "found closed at the remote")
    try:
        result = await provider.close(remote_id, note=command.note, key=command.idempotency_key)
    except ProviderError as error:
        return of_error(error, looking=False)
    return CallResult(
        AttemptOutcome.ALREADY_DONE if result.already_closed else AttemptOutcome.SUCCEEDED
    )


def _may_send(connection: Row[Any]) -> bool:
    configured = connection.state != ConnectionState.NOT_CONFIGURED
    return bool(connection.ticket_processing and configured)


async def _put_back(uow: UnitOfWork, row: Row[Any], *, gone: bool) -> None:
    """Not to be sent now: wait for the connection, or fail if it was removed."""
    unknown = row.outcome_unknown or row.state == CommandState.SENDING
    if gone:
        await answers.fail(uow, row, "the connection was removed", unknown=unknown)
        return
    await repository.change(
        uow.session,
        row.id,
        state=CommandState.WAITING.value,
        reasons=[*row.reasons, dated(waiting_reason(), uow.now)],
        outcome_unknown=unknown,
        lease_until=None,
        lease_owner=None,
    )


async def release(uow: UnitOfWork) -> None:
    """Let commands whose sender died go on. Only where nobody else can be sending them."""
    await repository.end_leases(uow.session, uow.now)
