"""Signing in through an external OpenID Connect provider: its token for one of ours (RFC 8693).

Promise: only a verified address of exactly one active employee gets in. Nobody is made here, and
what they may do is said here: by the employee's record and the privilege groups that the mapping
names, which follow what the provider says at each sign-in.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, or_, select

from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError
from ticket_svc.employees.tables import Employee
from ticket_svc.rights.people import employee_now

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def employee_of(uow: UnitOfWork, claims: Mapping[str, Any]) -> str:
    """The id of the employee whose address the provider has verified; 403 `employee_unknown`."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        raise _unknown("The identity provider has not verified an e-mail address of yours.")
    address = email.strip().lower()
    held = or_(_EMPLOYEE.c.email1 == address, _EMPLOYEE.c.email2 == address)
    statement = select(_EMPLOYEE.c.id).where(held, _EMPLOYEE.c.active).limit(2)
    ids = list((await uow.session.execute(statement)).scalars())
    if len(ids) != 1:
        raise _unknown("There is not exactly one active employee with your e-mail address.")
    return str(ids[0])


async def principal_of(uow: UnitOfWork, employee_id: str) -> Principal:
    """The employee as they are now."""
    found = await employee_now(uow.session, employee_id)
    if found is None:
        raise _unknown("You are no active employee any more.")
    return found


def _unknown(detail: str) -> ProblemError:
    return ProblemError(
        403,
        "employee_unknown",
        "You are not known here",
        detail=detail,
        hint="Ask an administrator to add you as an employee with this address.",
    )
