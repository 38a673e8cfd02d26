"""Forgotten passwords: asked for over HTTP by anybody, mailed a moment later.

Promise: the answer, and the time it takes, are the same whether or not anybody has the address.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.db import Database, UnitOfWork, insert_many
from patchbay_kit.runtime import Runtime
from ticket_svc.accounts.tables import Contact
from ticket_svc.auth.tables import PasswordRequest
from ticket_svc.employees.tables import Employee
from ticket_svc.invitations.mailing import Kind, Mailing, mailing_of
from ticket_svc.invitations.service import invite, made_since
from ticket_svc.sign_ins.clients import Client, client_locked, count_client

_REQUEST: Table = PasswordRequest.__table__  # type: ignore[attr-defined]  # set by SQLModel

BATCH = 20
# Who asks again and again must not fill somebody's mailbox.
MAIL_AT_MOST_EVERY = timedelta(minutes=10)
BY = "system:forgotten-password"


async def ask_for_reset(db: Database, email: str, client: Client | None) -> None:
    """Write down that somebody asks; 429 `client_locked`."""
    address = email.strip().lower()
    async with db.unit_of_work() as uow:
        stopped = await count_client(uow, client)
        if stopped is None:
            new = {"address": address, "asked_at": uow.now}
            await insert_many(uow.session, _REQUEST, [new], ignore_conflicts=True)
    if stopped is not None:
        raise client_locked(stopped - db.clock())


async def mail_resets(runtime: Runtime) -> bool:
    """Mail links to those who asked and sign in with a password; True where there may be more."""
    if runtime.settings.mail_secret_key is None:
        return False
    oldest = select(_REQUEST.c.address).order_by(_REQUEST.c.asked_at).limit(BATCH)
    async with runtime.db.read() as session:
        addresses = sorted((await session.execute(oldest)).scalars())
    if not addresses:
        return False
    mailing = mailing_of(runtime)
    for address in addresses:
        async with runtime.db.unit_of_work() as uow:
            taken = delete(_REQUEST).where(_REQUEST.c.address == address)
            # Several replicas may have found it; one of them gets it.
            if (await uow.session.execute(taken.returning(_REQUEST.c.address))).first():
                await _reset(uow, address, mailing)
    return len(addresses) == BATCH


async def _reset(uow: UnitOfWork, address: str, mailing: Mailing) -> None:
    person = await _who_signs_in(uow.session, address)
    if person is None:
        return
    if await made_since(uow.session, person.id, "reset", uow.now - MAIL_AT_MOST_EVERY):
        return
    kind: Kind = "employee" if isinstance(person, Employee) else "contact"
    await invite(uow, kind, person, mailing, by=BY, purpose="reset", address=address)


async def _who_signs_in(session: AsyncSession, address: str) -> Employee | Contact | None:
    """The only person who signs in with the address, locked. An employee's is never a contact's."""
    employees = select(Employee).where(_has(Employee, address), col(Employee.active))
    found = (await session.execute(_two_locked(employees, Employee))).scalars().all()
    if found:
        only = found[0] if len(found) == 1 else None
        return only if only is not None and only.password_hash is not None else None
    contacts = select(Contact).where(
        _has(Contact, address),
        col(Contact.password_hash).is_not(None),
        col(Contact.archived_at).is_(None),
    )
    customers = (await session.execute(_two_locked(contacts, Contact))).scalars().all()
    return customers[0] if len(customers) == 1 else None


def _has(model: type[Employee | Contact], address: str) -> ColumnElement[bool]:
    return or_(col(model.email1) == address, col(model.email2) == address)


def _two_locked(statement: Select[Any], model: type[Employee | Contact]) -> Select[Any]:
    return statement.order_by(col(model.id)).limit(2).with_for_update()
