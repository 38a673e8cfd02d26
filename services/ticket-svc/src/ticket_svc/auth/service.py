"""Signing in: argon2id passwords, a lock after too many failures, tokens signed by our own keys.

An unknown address, a wrong password and a locked employee cost the same time, so that addresses
cannot be probed.
"""

from typing import Any

from sqlalchemy import Row, Table, or_, select

from patchbay_kit.auth import IssuedToken, Principal, TokenIssuer, verify_password
from patchbay_kit.db import Database
from patchbay_kit.errors import ProblemError
from ticket_svc.employees.sign_ins import LOCK_FOR, note_sign_in
from ticket_svc.employees.tables import Employee

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def sign_in(db: Database, issuer: TokenIssuer, email: str, password: str) -> IssuedToken:
    """A token for the employee; 401 `invalid_credentials`, 429 `locked`."""
    employee = await _by_address(db, email.strip().lower())
    right = await verify_password(password, employee.password_hash if employee else None)
    if employee is None:
        raise _invalid()
    now = db.clock()
    if employee.locked_until is not None and employee.locked_until > now:
        raise ProblemError(
            429,
            "locked",
            "Too many failed attempts",
            hint="Wait a quarter of an hour, or ask an administrator to set a new password.",
            headers={"Retry-After": str(int(LOCK_FOR.total_seconds()))},
        )
    await _note_attempt(db, employee, right)
    if not right:
        raise _invalid()
    return issuer.issue(principal_of(employee))


def principal_of(employee: Any) -> Principal:
    """The employee as the caller of requests."""
    return Principal(
        id=employee.id,
        kind="employee",
        name=employee.name,
        email=employee.email1 or employee.email2,
        permissions=frozenset(employee.permissions),
    )


async def _by_address(db: Database, email: str) -> Row[Any] | None:
    statement = select(_EMPLOYEE).where(
        or_(_EMPLOYEE.c.email1 == email, _EMPLOYEE.c.email2 == email),
        _EMPLOYEE.c.active,
        _EMPLOYEE.c.password_hash.is_not(None),
    )
    async with db.read() as session:
        rows = (await session.execute(statement.limit(2))).all()
    # Two employees with one address: nobody can say whose password it is.
    return rows[0] if len(rows) == 1 else None


async def _note_attempt(db: Database, employee: Row[Any], right: bool) -> None:
    if right and employee.failed_sign_ins == 0 and not employee.one_time:
        return
    async with db.unit_of_work() as uow:
        await note_sign_in(uow, employee, right)


def _invalid() -> ProblemError:
    return ProblemError(
        401,
        "invalid_credentials",
        "Address or password is wrong",
        headers={"WWW-Authenticate": 'Bearer realm="patchbay"'},
    )
