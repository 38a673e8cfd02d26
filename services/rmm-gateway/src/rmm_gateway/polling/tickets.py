"""The poll loop: lease a batch, store it, acknowledge it, until the remote queue is empty.

Promise: acknowledged only after the commit that holds the updates and their events. A crash or a
lost acknowledgement between the two brings the same updates again, and the ledger knows them.
"""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row

from patchbay_kit.errors import PermanentError
from patchbay_kit.ids import new_id
from rmm_gateway.connections import leases, service
from rmm_gateway.ledger import rejected
from rmm_gateway.ledger import service as ledger
from rmm_gateway.providers.base import Batch, FailureKind, ProviderError, RmmProvider
from rmm_gateway.wiring import Parts

log = structlog.get_logger(__name__)

# Seconds after which a busy connection lets the loop look at its stop event and at others.
BUDGET = 10.0
# After a failure: in case it was the size of the answer.
CAREFUL_BATCH = 50


@dataclass(slots=True)
class TicketPoller:
    """One of several loops; each works on one connection at a time."""

    parts: Parts
    owner: str = field(default_factory=new_id)

    async def step(self) -> bool:
        """Poll one connection that is due; False when none is."""
        row = await leases.claim(
            self.parts.runtime.db, "poll", self.owner, self.parts.settings.lease
        )
        if row is None:
            return False
        error, more = None, False
        try:
            async with self.parts.providers.open(self.parts.policy.target(row)) as provider:
                more = await self._drain(provider, row)
        except ProviderError as failure:
            error = failure
        except PermanentError as failure:
            error = ProviderError(FailureKind.REFUSED, failure.reason, str(failure))
        except Exception as failure:
            # A defect of ours must show at the connection; whatever was leased comes again.
            log.exception("poll.broken", connection=row.id)
            name = type(failure).__name__
            error = ProviderError(FailureKind.TRANSIENT, "internal_error", f"internal: {name}")
        await self._finish(row, error, more)
        return True

    async def _drain(self, provider: RmmProvider, row: Row[Any]) -> bool:
        """Take batches until the queue is empty (False) or the time is up (True)."""
        size = self.parts.settings.rmm_batch_size if not row.failures else CAREFUL_BATCH
        deadline = time.monotonic() + BUDGET
        while time.monotonic() < deadline:
            batch = await provider.poll(size)
            if not batch.size:
                return False
            if not await self._store(row.id, batch):
                return False
            await provider.ack(batch)
        return True

    async def _store(self, connection_id: str, batch: Batch) -> bool:
        """Commit a batch; False if the connection is gone, so that it stays at the remote."""
        async with self.parts.runtime.db.unit_of_work() as uow:
            row = await leases.lock(uow, connection_id)
            if row is None:
                return False
            result = await ledger.record(uow, row.id, batch.updates, enabled=row.ticket_processing)
            unusable = [*batch.rejected, *result.clashing]
            await rejected.reject(uow, row.id, "queue", unusable)
            until = uow.now + self.parts.settings.lease
            lease = {"poll_lease_until": until} if self._mine(row) else {}
            await service.succeeded(uow, row, last_poll_at=uow.now, **lease)
        log.info(
            "poll.stored",
            connection=connection_id,
            published=result.published,
            held=result.held,
            duplicates=result.duplicates,
            rejected=len(unusable),
        )
        return True

    async def _finish(self, claimed: Row[Any], error: ProviderError | None, more: bool) -> None:
        async with self.parts.runtime.db.unit_of_work() as uow:
            row = await leases.lock(uow, claimed.id)
            if row is None or not self._mine(row):
                return
            free = {"poll_lease_until": None, "poll_lease_owner": None}
            if error is not None:
                log.warning("poll.failed", connection=row.id, code=error.code, error=str(error))
                await service.failed(uow, row, error, **free)
                return
            moments = {"last_poll_at": uow.now}
            # A refresh asked for during the poll must not be lost.
            if row.poll_due_at == claimed.poll_due_at and not more:
                moments["poll_due_at"] = uow.now + timedelta(seconds=row.poll_interval)
            if not more:
                moments["watermark_at"] = uow.now
            await service.succeeded(uow, row, **free, **moments)

    def _mine(self, row: Row[Any]) -> bool:
        return bool(row.poll_lease_owner == self.owner)


@dataclass(slots=True)
class HoldDrainer:
    """Imports what was held, batch by batch, after a connection was enabled (S1-43)."""

    parts: Parts

    async def step(self) -> bool:
        """Release one batch; False when nothing is held for an enabled connection."""
        db = self.parts.runtime.db
        async with db.read() as session:
            if not await leases.any_draining(session):
                return False
        async with db.unit_of_work() as uow:
            row = await leases.claim_draining(uow)
            if row is None:
                return False
            cutoff = row.cutoff_at or uow.now - timedelta(days=row.import_cutoff_days)
            size = self.parts.settings.rmm_batch_size
            if not await ledger.release_held(uow, row.id, cutoff, size):
                await leases.change(uow, row.id, draining=False)
        return True
