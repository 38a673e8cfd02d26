"""Employees choose their password by an invitation, the first one and every later one."""

from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict
from ticket_svc.employees.giving import check_reach
from ticket_svc.employees.service import choose_password
from ticket_svc.employees.tables import Employee
from ticket_svc.invitations import service
from ticket_svc.invitations.mailing import Mailing
from ticket_svc.invitations.service import Made, invitation_invalid


async def invite(
    uow: UnitOfWork, employee: Employee, caller: Principal, mailing: Mailing, *, mail: bool
) -> Made:
    """A new invitation for the locked employee; their password is good until it is taken up."""
    await check_reach(uow.session, caller, employee.id)
    if not employee.active:
        raise conflict(
            "employee_inactive", "The employee is not active", hint="Make them active first."
        )
    if employee.email1 is None and employee.email2 is None:
        raise conflict(
            "employee_without_address",
            "The employee has no address to sign in with",
            hint="Give the employee an e-mail address first.",
        )
    return await service.invite(uow, "employee", employee, mailing, by=caller.actor, mail=mail)


async def withdraw(uow: UnitOfWork, employee: Employee, caller: Principal) -> None:
    """The locked employee's invitation is not good any more; a password stays."""
    await check_reach(uow.session, caller, employee.id)
    await service.end(uow.session, employee.id)


async def accept(uow: UnitOfWork, token: str, password: str) -> None:
    """The invited employee's password; 422 `invitation_invalid` for one that is not good now."""
    employee = await service.take(uow, token, "employee", Employee)
    if not employee.active:
        raise invitation_invalid()
    await choose_password(uow, employee, password)
