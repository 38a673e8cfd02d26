"""Signing in with address and password: employees and customers.

An unknown address, a wrong password and a locked address cost the same and read the same, so that
addresses cannot be probed.
"""

from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.auth import Principal, hash_password, verify_password
from patchbay_kit.auth.passwords import needs_rehash
from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.errors import ProblemError
from ticket_svc.accounts.tables import Contact
from ticket_svc.employees.tables import Employee
from ticket_svc.rights.people import contact_now, employee_now
from ticket_svc.sign_ins.attempts import count_attempt, forgive
from ticket_svc.sign_ins.clients import Client, take_back

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]


async def sign_in(
    db: Database, email: str, password: str, client: Client | None = None
) -> Principal:
    """Who has the address and the password; 401 `invalid_credentials`, 429 `locked` or
    `client_locked`.
    """
    address = email.strip().lower()
    await count_attempt(db, address, client)
    async with db.read() as session:
        table, row = await _with_address(session, address)
    right = await verify_password(password, row.password_hash if row else None)
    if row is None or not right:
        raise _invalid()
    hashed = await hash_password(password) if needs_rehash(row.password_hash) else None
    async with db.unit_of_work() as uow:
        found = await _let_in(uow, table, row, hashed)
        if found is not None:
            # In the order in which they were counted.
            await take_back(uow.session, client)
            await forgive(uow.session, address)
    if found is None:
        raise _invalid()
    return found


async def _let_in(
    uow: UnitOfWork, table: Table, row: Row[Any], hashed: str | None
) -> Principal | None:
    """The person as of now, unless somebody changed the password while we looked."""
    same = and_(table.c.id == row.id, table.c.password_hash == row.password_hash)
    values: dict[str, Any] = {"password_hash": hashed} if hashed else {}
    if table is _CONTACT:
        found = await contact_now(uow.session, row.id)
    else:
        # Once somebody has used it, a start no longer shows the password again.
        values["one_time"] = False
        found = await employee_now(uow.session, row.id)
    if values:
        await uow.session.execute(update(table).where(same).values(values))
    return found


async def _with_address(session: AsyncSession, address: str) -> tuple[Table, Row[Any] | None]:
    """The one who may sign in with it. What an employee has is never a contact's."""
    employees = select(_EMPLOYEE.c.id, _EMPLOYEE.c.password_hash).where(
        _has(_EMPLOYEE, address), _EMPLOYEE.c.active
    )
    rows = (await session.execute(employees.limit(2))).all()
    if rows:
        # Two people with one address: nobody can say whose password it is.
        known = len(rows) == 1 and rows[0].password_hash is not None
        return _EMPLOYEE, rows[0] if known else None
    contacts = select(_CONTACT.c.id, _CONTACT.c.password_hash).where(
        _has(_CONTACT, address),
        _CONTACT.c.password_hash.is_not(None),
        _CONTACT.c.archived_at.is_(None),
    )
    found = (await session.execute(contacts.limit(2))).all()
    return _CONTACT, found[0] if len(found) == 1 else None


def _has(table: Table, address: str) -> ColumnElement[bool]:
    return or_(table.c.email1 == address, table.c.email2 == address)


def _invalid() -> ProblemError:
    return ProblemError(
        401,
        "invalid_credentials",
        "Address or password is wrong",
        headers={"WWW-Authenticate": 'Bearer realm="patchbay"'},
    )
