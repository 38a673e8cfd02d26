"""Records that belong to an account: locked after it, and chosen only where they belong to it.

Promise: an account is locked before any record of it, everywhere, so that what holds within an
account (one main contact, one main location) is decided one after the other.
"""

from typing import Any, Protocol, TypeVar

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.http import check_if_match
from ticket_svc.accounts.tables import Account
from ticket_svc.records import LOCK, Archivable, Record, read


class OfAccount(Record, Protocol):
    """Belongs to one account."""

    account_id: str


class OfferedOfAccount(OfAccount, Archivable, Protocol):
    """Belongs to one account and can be archived."""


R = TypeVar("R", bound=OfAccount)
A = TypeVar("A", bound=OfferedOfAccount)

_SHARED: Any = {"read": True}


async def locked_in_account(
    uow: UnitOfWork, model: type[R], record_id: str, what: str, request: Request | None = None
) -> R:
    """The record, locked after its account; 404, and 412 where the request's If-Match names
    another version.
    """
    record = await read(uow.session, model, record_id, what)
    held = None
    while held != record.account_id:  # A merge may move it while we wait for its account.
        held = record.account_id
        await uow.session.get_one(Account, held, with_for_update=LOCK)
        await uow.session.refresh(record, with_for_update=LOCK)
    if request is not None:
        check_if_match(request, record.version)
    return record


async def active_account(
    uow: UnitOfWork, account_id: str, *, field: str = "/account_id", exclusive: bool = False
) -> Account:
    """The account that something new is to belong to; 422 `account_unknown`, `account_archived`.

    It is locked, so that it cannot be merged or archived meanwhile; `exclusive` where the account
    has a rule about all of its records, such as one main contact.
    """
    lock = LOCK if exclusive else _SHARED
    account = await uow.session.get(Account, account_id, with_for_update=lock)
    if account is None:
        raise invalid("account_unknown", "No such account", field=field)
    refuse_archived(account, field=field)
    return account


def refuse_archived(account: Account, *, field: str = "/account_id") -> None:
    """422 `account_archived` where nothing new can belong to the account."""
    if account.archived_at is None:
        return
    hint = "Restore it first, or choose another one."
    if account.merged_into_id is not None:
        hint = f"It was merged into {account.merged_into_id}: choose that one."
    raise invalid("account_archived", "The account is archived", field=field, hint=hint)


async def belonging(
    session: AsyncSession, model: type[A], record_id: str, account_id: str, what: str
) -> A:
    """A record that is newly chosen for something of the account.

    422 `<what>_unknown`, `<what>_of_other_account` or `<what>_archived`, on the field `/<what>_id`.
    """
    record = await session.get(model, record_id)
    if record is None:
        raise unknown(what)
    check_chosen(what, account_id, record.account_id, archived=record.archived_at is not None)
    return record


def unknown(what: str, detail: str | None = None) -> ProblemError:
    """422 `<what>_unknown`."""
    return invalid(f"{what}_unknown", f"No such {what}", field=f"/{what}_id", detail=detail)


def check_chosen(what: str, account_id: str, owner_id: str | None, *, archived: bool) -> None:
    """The same for a record that was read already and belongs to the account `owner_id`."""
    field = f"/{what}_id"
    if owner_id != account_id:
        raise invalid(
            f"{what}_of_other_account",
            f"The {what} belongs to another account",
            field=field,
            hint=f"Choose a {what} of the same account.",
        )
    if archived:
        raise invalid(f"{what}_archived", f"The {what} is archived", field=field)
