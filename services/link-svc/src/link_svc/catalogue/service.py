"""Takes in snapshots of inventories, part by part.

Promise: any order and any repetition of parts gives the same catalogue. Records count as gone
only against a complete snapshot, and an older snapshot never overwrites a newer one.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Subquery
from sqlalchemy.ext.asyncio import AsyncSession

from link_svc.catalogue import repository
from link_svc.catalogue.rules import name_key
from patchbay_contracts import CatalogueRefreshed
from patchbay_kit.db import UnitOfWork


async def take_parts(uow: UnitOfWork, parts: Sequence[CatalogueRefreshed]) -> None:
    """Take in parts of any inventories."""
    inventories: dict[tuple[str, str], list[CatalogueRefreshed]] = {}
    for part in parts:
        inventories.setdefault((part.connection_id, part.kind), []).append(part)
    for _, group in sorted(inventories.items()):
        await _take(uow.session, group)


async def _take(session: AsyncSession, parts: Sequence[CatalogueRefreshed]) -> None:
    known = await repository.lock_inventory(session, parts[0])
    await repository.merge_sites(session, [row for part in parts for row in _site_rows(part)])
    await repository.merge_devices(session, [row for part in parts for row in _device_rows(part)])
    await repository.add_parts(
        session, [_part_row(part) for part in parts if part.snapshot > known]
    )
    newest = await repository.newest_complete(session, parts[0])
    if newest is not None and newest.snapshot > known:
        await repository.complete(session, parts[0], newest)


async def site_name(session: AsyncSession, connection_id: str, remote_id: str) -> str | None:
    """The name of a site, gone or not; None where it was never listed."""
    return await repository.site_name(session, connection_id, remote_id)


async def device_name(session: AsyncSession, connection_id: str, remote_id: str) -> str | None:
    """The name of a device, gone or not; None where it was never listed."""
    return await repository.device_name(session, connection_id, remote_id)


async def device_ids_of_site(
    session: AsyncSession, connection_id: str, remote_site_id: str
) -> Sequence[str]:
    """The remote ids of the devices whose newest record names the site."""
    return await repository.device_ids_of_site(session, connection_id, remote_site_id)


def sites() -> Subquery:
    """Sites as a relation to join: the columns of the table and `gone`."""
    return repository.sites()


def devices() -> Subquery:
    """Devices as a relation to join: the columns of the table and `gone`."""
    return repository.devices()


def states() -> Subquery:
    """Freshness of inventories as a relation: complete_snapshot and complete_at by kind."""
    return repository.states()


def _common(part: CatalogueRefreshed, name: str, attributes: dict[str, str]) -> dict[str, Any]:
    return {
        "connection_id": part.connection_id,
        "provider": part.provider,
        "name": name,
        "name_key": name_key(name),
        "attributes": attributes,
        "snapshot": part.snapshot,
        "part": part.part,
        "seen_at": part.taken_at,
    }


def _site_rows(part: CatalogueRefreshed) -> list[dict[str, Any]]:
    return [
        {"remote_site_id": site.remote_site_id} | _common(part, site.name, site.attributes)
        for site in part.sites
    ]


def _device_rows(part: CatalogueRefreshed) -> list[dict[str, Any]]:
    return [
        {
            "remote_device_id": device.remote_device_id,
            "remote_site_id": device.remote_site_id,
            "serial_number": device.serial_number,
            "manufacturer": device.manufacturer,
            "model": device.model,
        }
        | _common(part, device.name, device.attributes)
        for device in part.devices
    ]


def _part_row(part: CatalogueRefreshed) -> dict[str, Any]:
    return {
        "connection_id": part.connection_id,
        "kind": part.kind,
        "snapshot": part.snapshot,
        "part": part.part,
        "parts": part.parts,
        "taken_at": part.taken_at,
    }
