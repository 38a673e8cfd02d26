"""Events of the records that a merge has moved, in batches of what one statement may carry."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Row, select

from patchbay_contracts import (
    AssetUpdated,
    ContactUpdated,
    ContractUpdated,
    DepartmentUpdated,
    EventData,
    LocationUpdated,
)
from patchbay_kit.db import UnitOfWork, key_in
from ticket_svc.merging.moves import Kind

_BATCH = 500
_CHANGED = ["account_id"]


async def tell_records(uow: UnitOfWork, kind: Kind, ids: Sequence[str]) -> None:
    """`<Record>Updated` for each moved record; kinds without such an event say nothing."""
    event_of = _EVENTS.get(kind.name)
    if event_of is None:
        return
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        statement = select(kind.table).where(key_in(uow.session, [kind.key], some))
        for row in await uow.session.execute(statement):
            uow.publish(event_of(row), subject=row.id, version=row.version)


def _contact(row: Row[Any]) -> EventData:
    return ContactUpdated(
        contact_id=row.id,
        account_id=row.account_id,
        name=row.name,
        is_main=row.is_main,
        archived=row.archived_at is not None,
        changed=_CHANGED,
    )


def _location(row: Row[Any]) -> EventData:
    return LocationUpdated(
        location_id=row.id,
        account_id=row.account_id,
        name=row.name,
        is_main=row.is_main,
        archived=row.archived_at is not None,
        changed=_CHANGED,
    )


def _department(row: Row[Any]) -> EventData:
    return DepartmentUpdated(
        department_id=row.id,
        account_id=row.account_id,
        name=row.name,
        archived=row.archived_at is not None,
        changed=_CHANGED,
    )


def _asset(row: Row[Any]) -> EventData:
    return AssetUpdated(
        asset_id=row.id,
        account_id=row.account_id,
        name=row.name,
        serial_number=row.serial_number,
        manufacturer=row.manufacturer,
        archived=row.archived_at is not None,
        changed=_CHANGED,
    )


def _contract(row: Row[Any]) -> EventData:
    return ContractUpdated(
        contract_id=row.id,
        account_id=row.account_id,
        name=row.name,
        kind=row.kind,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        block_minutes=row.block_minutes,
        used_minutes=row.used_minutes,
        closed=row.closed_at is not None,
        archived=row.archived_at is not None,
        changed=_CHANGED,
    )


_EVENTS: dict[str, Callable[[Row[Any]], EventData]] = {
    "asset": _asset,
    "contact": _contact,
    "contract": _contract,
    "department": _department,
    "location": _location,
}
