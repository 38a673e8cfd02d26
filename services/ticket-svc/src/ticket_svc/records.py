"""What the records of the desk have in common, so that each feature says only what is its own.

Promise: a record is locked before it is compared and changed; nothing is written, no version
passes and nobody is told where nothing differs.

A changing route is: `locked` (404, 412), for a record of an account `accounts.belonging`'s
`locked_in_account`; then the feature's service, which takes `differing`, checks it, calls `apply`
and publishes `<Record>Updated` with what that returned; then `answer`. Archiving: `archive` and
`restore` in the place of `apply`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Query, Request, Response
from sqlalchemy import Column, ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import not_found
from patchbay_kit.http import ResponseModel, check_if_match, etag
from patchbay_kit.http.ids import checked_id


class Record(Protocol):
    """Has an id, and a version that every change counts up."""

    id: str
    version: int


class Archivable(Record, Protocol):
    """Can be archived: it stays where it is named and is not offered any more."""

    archived_at: datetime | None


R = TypeVar("R", bound=Record)
V = TypeVar("V", bound=ResponseModel)

# FOR NO KEY UPDATE: changes wait for each other, and what only refers to the record does not wait.
LOCK: Any = {"key_share": True}
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
    record = await uow.session.get(model, checked_id(record_id, what), with_for_update=LOCK)
    if record is None:
        raise not_found(what, record_id)
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


def _as_told(changed: list[str]) -> list[str]:
    return sorted("archived" if name == "archived_at" else name for name in changed)
