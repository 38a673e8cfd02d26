"""Employees: who may sign in, and by which addresses mail knows them."""

from typing import Any

from sqlalchemy import Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import EmployeeCreated, EmployeeUpdated
from patchbay_kit.auth import Principal, hash_password
from patchbay_kit.db import UnitOfWork
from patchbay_kit.ids import new_id
from ticket_svc import records
from ticket_svc.desk.service import refuse_support_address
from ticket_svc.employees.giving import (
    check_addresses,
    check_gift,
    check_reach,
    keep_an_administrator,
)
from ticket_svc.employees.schemas import AddressWarning, NewEmployee
from ticket_svc.employees.tables import Employee
from ticket_svc.invitations.service import end
from ticket_svc.sign_ins.attempts import forgive

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def create(uow: UnitOfWork, wanted: NewEmployee, caller: Principal) -> Employee:
    """A new active employee; EmployeeCreated."""
    check_gift(caller, wanted.permissions)
    await refuse_support_address(uow.session, email1=wanted.email1, email2=wanted.email2)
    employee_id, held = new_id(), [wanted.email1, wanted.email2]
    await check_addresses(uow.session, caller, held, but=employee_id)
    password = wanted.password
    employee = Employee(
        id=employee_id,
        **wanted.model_dump(exclude={"password", "permissions"}),
        permissions=sorted(set(wanted.permissions)),
        password_hash=await hash_password(password.get_secret_value()) if password else None,
        created_at=uow.now,
    )
    uow.session.add(employee)
    await uow.session.flush()
    created = EmployeeCreated(employee_id=employee.id, name=employee.name, active=employee.active)
    uow.publish(created, subject=employee.id, version=employee.version)
    return employee


async def change(
    uow: UnitOfWork, employee: Employee, changes: dict[str, Any], caller: Principal
) -> None:
    """Write what differs. Nobody changes somebody who may do more than they (403)."""
    await check_reach(uow.session, caller, employee.id)
    if "permissions" in changes:
        changes["permissions"] = sorted(set(changes["permissions"]))
        check_gift(caller, changes["permissions"])
    addresses = {name: changes.get(name) for name in ("email1", "email2")}
    await refuse_support_address(uow.session, **addresses)
    changed = await records.apply(uow, employee, changes)
    if employee.active and {"active", "email1", "email2"} & set(changed):
        held = [employee.email1, employee.email2]
        await check_addresses(uow.session, caller, held, but=employee.id)
    if "active" in changed and not employee.active:
        await end(uow.session, employee.id)
    if {"active", "permissions"} & set(changed):
        await keep_an_administrator(uow.session)
    _tell(uow, employee, changed)


async def change_own(uow: UnitOfWork, employee: Employee, changes: dict[str, Any]) -> None:
    """Write what differs of somebody's own options (S2-136)."""
    _tell(uow, employee, await records.apply(uow, employee, changes))


async def set_password(
    uow: UnitOfWork, employee: Employee, password: str, caller: Principal
) -> None:
    """The same for somebody else: who may do more than the caller is beyond them (403)."""
    await check_reach(uow.session, caller, employee.id)
    await choose_password(uow, employee, password)


async def choose_password(uow: UnitOfWork, employee: Employee, password: str) -> None:
    """A new password; a lock after failures ends, and so do a one-time password and invitations."""
    hashed = await hash_password(password)
    _tell(uow, employee, await records.apply(uow, employee, {"password_hash": hashed}))
    employee.one_time = False
    await end(uow.session, employee.id)
    await forgive(uow.session, employee.email1, employee.email2)


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


def _tell(uow: UnitOfWork, employee: Employee, changed: list[str]) -> None:
    """EmployeeUpdated, where anything changed. It names fields, never a password or a right."""
    if not changed:
        return
    names = ["password" if name == "password_hash" else name for name in changed]
    updated = EmployeeUpdated(
        employee_id=employee.id, name=employee.name, active=employee.active, changed=names
    )
    uow.publish(updated, subject=employee.id, version=employee.version)
