"""What an employee's record keeps of attempts to sign in."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Table, update

from patchbay_kit.db import UnitOfWork
from ticket_svc.employees.tables import Employee

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel

MAX_FAILURES = 10
LOCK_FOR = timedelta(minutes=15)


async def note_sign_in(uow: UnitOfWork, employee: Row[Any], right: bool) -> None:
    """Count a wrong password, lock after MAX_FAILURES; a right one ends the count."""
    failures = 0 if right else employee.failed_sign_ins + 1
    locked = uow.now + LOCK_FOR if failures >= MAX_FAILURES else None
    values = {
        "failed_sign_ins": 0 if locked else failures,
        "locked_until": locked,
        # Once somebody has used it, a start no longer shows the password again.
        "one_time": employee.one_time and not right,
    }
    where = _EMPLOYEE.c.id == employee.id
    await uow.session.execute(update(_EMPLOYEE).where(where).values(values))
