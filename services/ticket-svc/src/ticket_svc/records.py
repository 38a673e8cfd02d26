"""What the records of the desk have in common, so that each feature says only what is its own.

Promise: a record is locked before it is compared and changed; nothing is written, no version
passes and nobody is told where nothing differs. A record of an account is locked after its account,
everywhere, so that what holds within an account (one main contact, one main location) is decided
one after the other.

A changing route is: `locked` or `locked_in_account` (404, 412), then the feature's service, which
takes `differing`, checks it, calls `apply` and publishes `<Record>Updated` with what that returned,
then `answer`. Archiving: `archive` and `restore` in the place of `apply`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Query, Request, Response
from sqlalchemy import Column, ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import invalid, not_found
from patchbay_kit.http import ResponseModel, check_if_match, etag
from patchbay_kit.http.ids import checked_id
from ticket_svc.accounts.tables import Account


class Record(Protocol):
    """Has an id, and a version that every change counts up."""

    id: str
    version: int


class Archivable(Record, Protocol):
    """Can be archived: it stays where it is named and is not offered any more."""

    archived_at: datetime | None


class OfAccount(Record, Protocol):
    """Belongs to one account."""

    account_id: str


class OfferedOfAccount(OfAccount, Archivable, Protocol):
    """Belongs to one account and can be archived."""


R = TypeVar("R", bound=Record)
A = TypeVar("A", bound=OfAccount)
O = TypeVar("O", bound=OfferedOfAccount)  # noqa: E741  # offered
V = TypeVar("V", bound=ResponseModel)

# The query parameter of every list of records that can be archived.
ArchivedQuery = Annotated[bool, Query(description="the archived ones, instead of the others")]


async def read(session: AsyncSession, model: type[R], record_id: str, what: str) -> R:
    """The record; 404 `<what>_not_found`. `record_id` may be any text from a path."""
    record = await session.get(model, checked_id(record_id, what))
    if record is None:
        raise not_found(what, record_id)
    return record


async def locked(
    uow: UnitOfWork, model: type[R], record_id: str, what: str, request: Request | None = None
) -> R:
    """The record, locked; 404, and 412 where the request's If-Match names another version."""
    record = await uow.session.get(model, checked_id(record_id, what), with_for_update=True)
    if record is None:
        raise not_found(what, record_id)
    if request is not None:
        check_if_match(request, record.version)
    return record


async def locked_in_account(
    uow: UnitOfWork, model: type[A], record_id: str, what: str, request: Request | None = None
) -> A:
    """The same, for a record whose account is locked before it."""
    record = await read(uow.session, model, record_id, what)
    held = None
    while held != record.account_id:  # A merge may move it while we wait for its account.
        held = record.account_id
        await uow.session.get_one(Account, held, with_for_update=True)
        await uow.session.refresh(record, with_for_update=True)
    if request is not None:
        check_if_match(request, record.version)
    return record


def differing(record: Record, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What of `wanted` is not so already."""
    return {name: new for name, new in wanted.items() if getattr(record, name) != new}


async def apply(uow: UnitOfWork, record: Record, changes: Mapping[str, Any]) -> list[str]:
    """Set what differs and count the version up; the names of what changed, in order."""
    changed = differing(record, changes)
    for name, value in changed.items():
        setattr(record, name, value)
    if changed:
        record.version += 1
        await uow.session.flush()
    return sorted(changed)


async def archive(uow: UnitOfWork, record: Archivable, **also: Any) -> list[str]:
    """Archive the record, and set `also` with it; nothing where it is archived already."""
    if record.archived_at is not None:
        return []
    changed = await apply(uow, record, {"archived_at": uow.now, **also})
    return _as_told(changed)


async def restore(uow: UnitOfWork, record: Archivable, **also: Any) -> list[str]:
    """Take the record out of the archive; nothing where it is not in it."""
    if record.archived_at is None:
        return []
    changed = await apply(uow, record, {"archived_at": None, **also})
    return _as_told(changed)


def is_archived(column: Column[Any], archived: bool) -> ColumnElement[bool]:
    """The condition behind `ArchivedQuery`; `column` is the table's `archived_at`."""
    return column.is_not(None) if archived else column.is_(None)


def answer(view: V, response: Response, version: int, *, location: str | None = None) -> V:
    """The view, with its version as the ETag; a new record's path as `Location`."""
    response.headers["ETag"] = etag(version)
    if location is not None:
        response.headers["Location"] = location
    return view


async def active_account(
    uow: UnitOfWork, account_id: str, *, field: str = "/account_id", exclusive: bool = False
) -> Account:
    """The account that something new is to belong to; 422 `account_unknown`, `account_archived`.

    It is locked, so that it cannot be merged or archived meanwhile; `exclusive` where the account
    has a rule about all of its records, such as one main contact.
    """
    lock: Any = True if exclusive else {"read": True}
    account = await uow.session.get(Account, account_id, with_for_update=lock)
    if account is None:
        raise invalid("account_unknown", "No such account", field=field)
    if account.archived_at is not None:
        hint = "Restore it first, or choose another one."
        if account.merged_into_id is not None:
            hint = f"It was merged into {account.merged_into_id}: choose that one."
        raise invalid("account_archived", "The account is archived", field=field, hint=hint)
    return account


async def belonging(
    session: AsyncSession, model: type[O], record_id: str, account_id: str, what: str
) -> O:
    """A record that is newly chosen for something of the account.

    422 `<what>_unknown`, `<what>_of_other_account` or `<what>_archived`, on the field `/<what>_id`.
    """
    record = await session.get(model, record_id)
    field = f"/{what}_id"
    if record is None:
        raise invalid(f"{what}_unknown", f"No such {what}", field=field)
    if record.account_id != account_id:
        raise invalid(
            f"{what}_of_other_account",
            f"The {what} belongs to another account",
            field=field,
            hint=f"Choose a {what} of the same account.",
        )
    if record.archived_at is not None:
        raise invalid(f"{what}_archived", f"The {what} is archived", field=field)
    return record


def _as_told(changed: list[str]) -> list[str]:
    return sorted("archived" if name == "archived_at" else name for name in changed)
