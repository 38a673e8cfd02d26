"""Checks of new settings: what they name is there, and our own address is nobody else's (S4-49)."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, invalid
from ticket_svc.accounts.belonging import active_account
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.desk.service import load_settings, save_settings
from ticket_svc.employees.tables import Employee


async def change_settings(uow: UnitOfWork, changes: dict[str, Any]) -> DeskSettings:
    """Write the changed settings, which are locked, and return all of them. 409 and 422 as the
    checks say.
    """
    session = uow.session
    now = await load_settings(session)
    wanted = now.model_copy(update=changes)
    account_id = changes.get("own_account_id")
    if account_id is not None:
        await active_account(uow, account_id, field="/own_account_id")
    manager_id = changes.get("default_manager_id")
    if manager_id is not None and not await _is_active(session, manager_id):
        raise invalid("manager_unknown", "No such active employee", field="/default_manager_id")
    if wanted.support_address == wanted.internal_address:
        raise invalid(
            "addresses_equal",
            "The internal address must be another one than the support address",
            field="/internal_address",
            detail="Mail to the team would come back to us.",
        )
    if wanted.support_address != now.support_address:
        await _check_support_address(session, wanted.support_address)
    await save_settings(uow, changes)
    return wanted


async def _is_active(session: AsyncSession, employee_id: str) -> bool:
    employee = await session.get(Employee, employee_id)
    return employee is not None and employee.active


async def _check_support_address(session: AsyncSession, address: str) -> None:
    for kind, table in (("employee", Employee), ("account", Account), ("contact", Contact)):
        held = or_(col(table.email1) == address, col(table.email2) == address)
        name = await session.scalar(select(col(table.name)).where(held).limit(1))
        if name is not None:
            raise ProblemError(
                409,
                "support_address_taken",
                "The address belongs to somebody",
                detail=f"The {kind} {name!r} has this address. It must be the desk's alone.",
                field="/support_address",
                hint="Choose another address, or take it from them first.",
                extra={"holder": kind},
            )
