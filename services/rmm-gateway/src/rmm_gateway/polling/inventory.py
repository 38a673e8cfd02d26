"""The inventory loop: complete lists of sites and devices become one numbered snapshot (S1-33).

Promise: nothing is published of a sweep that did not come to its end. It runs whether ticket
processing is on or off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import Row

from patchbay_contracts import CatalogueDevice, CatalogueRefreshed, CatalogueSite
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import PermanentError
from patchbay_kit.ids import new_id
from rmm_gateway.connections import leases
from rmm_gateway.connections.rules import retry_after
from rmm_gateway.ledger import rejected
from rmm_gateway.providers.base import FailureKind, ProviderError, Sweep
from rmm_gateway.wiring import Parts

log = structlog.get_logger(__name__)

PART_SIZE = 500
FIRST_RETRY = 15.0
# Longer than both lists may take: they come in one piece, and nothing renews it meanwhile.
LEASE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Both lists, complete."""

    sites: Sweep[CatalogueSite]
    devices: Sweep[CatalogueDevice]


@dataclass(slots=True)
class InventoryPoller:
    """Downloads the inventory of one connection at a time."""

    parts: Parts
    owner: str = field(default_factory=new_id)

    async def step(self) -> bool:
        """Refresh one connection that is due; False when none is."""
        row = await leases.claim(self.parts.runtime.db, "inventory", self.owner, LEASE)
        if row is None:
            return False
        try:
            async with self.parts.providers.open(self.parts.policy.target(row)) as provider:
                found = Inventory(await provider.sites(), await provider.devices())
        except ProviderError as error:
            await self._failed(row, error)
        except PermanentError as error:
            failure = ProviderError(FailureKind.REFUSED, error.reason, str(error))
            await self._failed(row, failure)
        else:
            await self._store(row, found)
        return True

    async def _store(self, claimed: Row[Any], found: Inventory) -> None:
        async with self.parts.runtime.db.unit_of_work() as uow:
            row = await leases.lock(uow, claimed.id)
            if row is None or row.inventory_lease_owner != self.owner:
                return
            snapshot = row.snapshot + 1
            _publish(uow, row, "sites", snapshot, found.sites.records)
            _publish(uow, row, "devices", snapshot, found.devices.records)
            unread = [*found.sites.rejected, *found.devices.rejected]
            await rejected.reject(uow, row.id, "inventory", unread)
            again = uow.now + timedelta(seconds=row.inventory_interval)
            asked = row.inventory_due_at != claimed.inventory_due_at
            await leases.change(
                uow,
                row.id,
                snapshot=snapshot,
                last_inventory_at=uow.now,
                inventory_error=None,
                inventory_failures=0,
                inventory_due_at=row.inventory_due_at if asked else again,
                inventory_lease_until=None,
                inventory_lease_owner=None,
            )
        counts = {"sites": len(found.sites.records), "devices": len(found.devices.records)}
        log.info("inventory.stored", connection=claimed.id, snapshot=snapshot, **counts)

    async def _failed(self, claimed: Row[Any], error: ProviderError) -> None:
        log.warning("inventory.failed", connection=claimed.id, code=error.code, error=str(error))
        async with self.parts.runtime.db.unit_of_work() as uow:
            row = await leases.lock(uow, claimed.id)
            if row is None or row.inventory_lease_owner != self.owner:
                return
            failures = row.inventory_failures + 1
            delay = retry_after(error, failures, min(FIRST_RETRY, row.inventory_interval))
            await leases.change(
                uow,
                row.id,
                inventory_failures=failures,
                # Settings that still propagate are no error (S1-15).
                inventory_error=None if error.kind is FailureKind.PENDING else str(error),
                inventory_due_at=uow.now + timedelta(seconds=delay),
                inventory_lease_until=None,
                inventory_lease_owner=None,
            )


def _publish(
    uow: UnitOfWork,
    row: Row[Any],
    kind: Literal["sites", "devices"],
    snapshot: int,
    records: Sequence[CatalogueSite] | Sequence[CatalogueDevice],
) -> None:
    parts = max(1, -(-len(records) // PART_SIZE))
    for number in range(parts):
        some = records[number * PART_SIZE : (number + 1) * PART_SIZE]
        data = CatalogueRefreshed(
            connection_id=row.id,
            provider=row.provider,
            kind=kind,
            snapshot=snapshot,
            part=number + 1,
            parts=parts,
            taken_at=uow.now,
            sites=[record for record in some if isinstance(record, CatalogueSite)],
            devices=[record for record in some if isinstance(record, CatalogueDevice)],
        )
        uow.publish(data, subject=f"{row.id}/{kind}", version=snapshot)
