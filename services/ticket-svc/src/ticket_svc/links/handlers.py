"""SiteLinked, SiteUnlinked, DeviceLinked, DeviceUnlinked into the read model.

The version decides, not the order of arrival.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table

from patchbay_contracts import DeviceLinked, DeviceUnlinked, Envelope, SiteLinked, SiteUnlinked
from patchbay_kit.db import UnitOfWork
from ticket_svc.links.repository import DEVICE, SITE, put_newest


async def on_site_linked(uow: UnitOfWork, events: Sequence[Envelope[SiteLinked]]) -> None:
    await _put(uow, SITE, events, target="account_id", key="remote_site_id")


async def on_site_unlinked(uow: UnitOfWork, events: Sequence[Envelope[SiteUnlinked]]) -> None:
    await _put(uow, SITE, events, target=None, key="remote_site_id")


async def on_device_linked(uow: UnitOfWork, events: Sequence[Envelope[DeviceLinked]]) -> None:
    await _put(uow, DEVICE, events, target="asset_id", key="remote_device_id")


async def on_device_unlinked(uow: UnitOfWork, events: Sequence[Envelope[DeviceUnlinked]]) -> None:
    await _put(uow, DEVICE, events, target=None, key="remote_device_id")


async def _put(
    uow: UnitOfWork,
    table: Table,
    events: Sequence[Envelope[Any]],
    *,
    target: str | None,
    key: str,
) -> None:
    value = "account_id" if table is SITE else "asset_id"
    newest: dict[tuple[str, str], Envelope[Any]] = {}
    for event in sorted(events, key=lambda each: each.aggregateversion):
        newest[event.data.connection_id, getattr(event.data, key)] = event
    rows = [
        {
            "connection_id": connection_id,
            key: remote_id,
            value: getattr(event.data, target) if target else None,
            "version": event.aggregateversion,
        }
        for (connection_id, remote_id), event in sorted(newest.items())
    ]
    await put_newest(uow.session, table, rows, keys=("connection_id", key), value=value)
