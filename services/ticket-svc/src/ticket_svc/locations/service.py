"""Locations of accounts.

Promise: while an account has a location that is not archived, exactly one of those is the main one
(S3-40). Every change of it holds the account's lock, and a unique index stands behind that.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_contracts import LocationCreated, LocationUpdated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict
from patchbay_kit.http import PageRequest, keyset
from patchbay_kit.ids import new_id
from ticket_svc.accounts.belonging import active_account
from ticket_svc.accounts.tables import Account
from ticket_svc.locations.schemas import NewLocation
from ticket_svc.locations.tables import Location
from ticket_svc.params import contains
from ticket_svc.records import LOCK, apply, archive, is_archived, restore

_LOCATION: Table = Location.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def create_location(uow: UnitOfWork, wanted: NewLocation) -> Location:
    """A new location of an active account; LocationCreated."""
    await active_account(uow, wanted.account_id, exclusive=True)
    return await _add(uow, **wanted.model_dump())


async def location_for_group(
    uow: UnitOfWork, account_id: str, remote_key: str, name: str
) -> Location:
    """The location that stands for a machine group, made now where there is none (S3-41, S3-42).

    One that people renamed, changed or archived is the same one and stays as it is (S3-43).
    """
    await uow.session.get_one(Account, account_id, with_for_update=LOCK)
    same = (col(Location.account_id) == account_id, col(Location.remote_key) == remote_key)
    found = (await uow.session.execute(select(Location).where(*same))).scalar_one_or_none()
    if found is not None:
        return found
    return await _add(uow, account_id=account_id, remote_key=remote_key, name=name[:200])


async def change_location(
    uow: UnitOfWork, location: Location, changes: Mapping[str, Any]
) -> list[str]:
    """Write what differs; LocationUpdated. The names of what changed."""
    changed = await apply(uow, location, changes)
    _tell(uow, location, changed)
    return changed


async def convert_to_main(uow: UnitOfWork, location: Location) -> None:
    """Make the locked location its account's main one; the old one is it no more (S3-40).

    409 `location_archived` for one that is archived.
    """
    if location.archived_at is not None:
        raise conflict(
            "location_archived",
            "An archived location cannot be the main one",
            hint="Restore it first.",
        )
    old = await main_location(uow.session, location.account_id)
    if old is not None and old.id != location.id:
        await change_location(uow, old, {"is_main": False})
    await change_location(uow, location, {"is_main": True})


async def archive_location(uow: UnitOfWork, location: Location) -> None:
    """Archive it; 409 `location_is_main` for the main one while the account has another."""
    if location.is_main and await _has_other(uow.session, location):
        raise conflict(
            "location_is_main",
            "The main location of an account cannot be archived",
            detail="Assets without a location of their own stand there.",
            hint="Convert another location of the account to the main one first.",
        )
    _tell(uow, location, await archive(uow, location, is_main=False))


async def restore_location(uow: UnitOfWork, location: Location) -> None:
    """Restore it; it is the main one where the account has no other."""
    alone = await main_location(uow.session, location.account_id) is None
    _tell(uow, location, await restore(uow, location, is_main=alone))


async def main_location(session: AsyncSession, account_id: str) -> Location | None:
    """The account's main location; None where it has none at all."""
    mine = (col(Location.account_id) == account_id, col(Location.is_main))
    return (await session.execute(select(Location).where(*mine))).scalar_one_or_none()


async def page_of_locations(
    session: AsyncSession, account_id: str | None, q: str | None, archived: bool, page: PageRequest
) -> list[Location]:
    """Newest first, one more than the page holds; `q` is a part of name, street or city."""
    statement = select(Location).where(is_archived(_LOCATION.c.archived_at, archived))
    if account_id is not None:
        statement = statement.where(col(Location.account_id) == account_id)
    if q:
        pattern = contains(q)
        columns = (_LOCATION.c.name, _LOCATION.c.street, _LOCATION.c.city)
        statement = statement.where(or_(*(each.ilike(pattern, escape="\\") for each in columns)))
    statement = keyset(statement, [col(Location.id)], page)
    return list((await session.execute(statement)).scalars())


async def _add(uow: UnitOfWork, **values: Any) -> Location:
    first = await main_location(uow.session, values["account_id"]) is None
    location = Location(id=new_id(), **values, is_main=first, created_at=uow.now)
    uow.session.add(location)
    await uow.session.flush()
    created = LocationCreated(
        location_id=location.id,
        account_id=location.account_id,
        name=location.name,
        is_main=location.is_main,
        remote_key=location.remote_key,
    )
    uow.publish(created, subject=location.id, version=location.version)
    return location


async def _has_other(session: AsyncSession, location: Location) -> bool:
    others = select(_LOCATION.c.id).where(
        _LOCATION.c.account_id == location.account_id,
        _LOCATION.c.id != location.id,
        _LOCATION.c.archived_at.is_(None),
    )
    return await session.scalar(others.limit(1)) is not None


def _tell(uow: UnitOfWork, location: Location, changed: list[str]) -> None:
    if not changed:
        return
    updated = LocationUpdated(
        location_id=location.id,
        account_id=location.account_id,
        name=location.name,
        is_main=location.is_main,
        archived=location.archived_at is not None,
        changed=changed,
    )
    uow.publish(updated, subject=location.id, version=location.version)
