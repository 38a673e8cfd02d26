"""Employees: who may sign in, and by which addresses mail knows them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.auth import Principal, hash_password
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, conflict, invalid, not_found
from patchbay_kit.ids import new_id
from ticket_svc.desk.service import refuse_support_address
from ticket_svc.employees.rules import EVERYTHING, beyond, unknown_permissions
from ticket_svc.employees.schemas import AddressWarning, NewEmployee
from ticket_svc.employees.tables import Employee

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def create(uow: UnitOfWork, wanted: NewEmployee, caller: Principal) -> Employee:
    """A new active employee."""
    _check_permissions(caller, wanted.permissions)
    await refuse_support_address(uow.session, email1=wanted.email1, email2=wanted.email2)
    password = wanted.password
    employee = Employee(
        id=new_id(),
        **wanted.model_dump(exclude={"password", "permissions"}),
        permissions=sorted(set(wanted.permissions)),
        password_hash=await hash_password(password.get_secret_value()) if password else None,
        created_at=uow.now,
    )
    uow.session.add(employee)
    await uow.session.flush()
    return employee


async def locked(uow: UnitOfWork, employee_id: str) -> Employee:
    """The employee's record, locked; 404 `employee_not_found`."""
    employee = await uow.session.get(Employee, employee_id, with_for_update=True)
    if employee is None:
        raise not_found("employee", employee_id)
    return employee


async def change(
    uow: UnitOfWork, employee: Employee, changes: dict[str, Any], caller: Principal
) -> None:
    """Write what differs. Nobody changes somebody who may do more than they (403)."""
    _check_reach(caller, employee)
    if "permissions" in changes:
        changes["permissions"] = sorted(set(changes["permissions"]))
        _check_permissions(caller, changes["permissions"])
    addresses = {name: changes.get(name) for name in ("email1", "email2")}
    await refuse_support_address(uow.session, **addresses)
    differing = {name: new for name, new in changes.items() if getattr(employee, name) != new}
    if not differing:
        return
    for name, value in differing.items():
        setattr(employee, name, value)
    employee.version += 1
    await uow.session.flush()
    await _keep_an_administrator(uow.session)


async def set_password(
    uow: UnitOfWork, employee: Employee, password: str, caller: Principal
) -> None:
    """A new password; a lock after failures ends, and so does a one-time password."""
    _check_reach(caller, employee)
    employee.password_hash = await hash_password(password)
    employee.one_time = False
    employee.failed_sign_ins = 0
    employee.locked_until = None
    employee.version += 1


async def shared_addresses(session: AsyncSession, employee: Employee) -> list[AddressWarning]:
    """A warning for each address that another active employee has as well (S2-107)."""
    warnings = []
    for field in ("email1", "email2"):
        address = getattr(employee, field)
        if address is None:
            continue
        statement = select(_EMPLOYEE.c.name).where(
            or_(_EMPLOYEE.c.email1 == address, _EMPLOYEE.c.email2 == address),
            _EMPLOYEE.c.id != employee.id,
            _EMPLOYEE.c.active,
        )
        other = await session.scalar(statement.limit(1))
        if other is not None:
            message = (
                f"{other} has this address too: mail from it is not taken as an employee's, "
                "and nobody can sign in with it."
            )
            warnings.append(AddressWarning(code="address_shared", field=field, message=message))
    return warnings


def _check_permissions(caller: Principal, wanted: Iterable[str]) -> None:
    unknown = unknown_permissions(wanted)
    if unknown:
        raise invalid(
            "permission_unknown",
            "No such permission",
            field="/permissions",
            detail=f"There is no permission {unknown[0]!r}.",
        )
    refused = beyond(caller.permissions, wanted)
    if refused:
        raise _too_much(f"You do not hold {refused[0]!r}, so you cannot give it.")


def _check_reach(caller: Principal, employee: Employee) -> None:
    if beyond(caller.permissions, employee.permissions):
        raise _too_much("The employee may do more than you.")


async def _keep_an_administrator(session: AsyncSession) -> None:
    rows = await session.execute(
        select(_EMPLOYEE.c.permissions).where(
            _EMPLOYEE.c.active, _EMPLOYEE.c.password_hash.is_not(None)
        )
    )
    if not any(EVERYTHING in row.permissions for row in rows):
        raise conflict(
            "last_administrator",
            "Nobody would be left to administer",
            detail="This is the last active employee with every permission and a password.",
            hint="Give somebody else the permission '*' first.",
        )


def _too_much(detail: str) -> ProblemError:
    return ProblemError(
        403,
        "permission_beyond_own",
        "This is beyond your own permissions",
        detail=detail,
        hint="Ask an administrator.",
    )
