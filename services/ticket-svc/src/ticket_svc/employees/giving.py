"""Who may give which permission, and who must keep them.

Promise: nobody gives, takes or touches more than they hold, and somebody who may do everything is
always left, whatever is changed at the same moment.
"""

from collections.abc import Iterable

from sqlalchemy import Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.auth import Principal
from patchbay_kit.errors import ProblemError, conflict, invalid
from ticket_svc.desk.tables import DeskSetting
from ticket_svc.employees.holding import held_by, permissions_of
from ticket_svc.employees.rules import EVERYTHING, beyond, unknown_permissions
from ticket_svc.employees.tables import Employee

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel
_SETTING: Table = DeskSetting.__table__  # type: ignore[attr-defined]


def check_gift(caller: Principal, wanted: Iterable[str], field: str = "/permissions") -> None:
    """422 `permission_unknown`, 403 `permission_beyond_own`."""
    wanted = list(wanted)
    unknown = unknown_permissions(wanted)
    if unknown:
        raise invalid(
            "permission_unknown",
            "No such permission",
            field=field,
            detail=f"There is no permission {unknown[0]!r}.",
        )
    refused = beyond(caller.permissions, wanted)
    if refused:
        raise too_much(f"You do not hold {refused[0]!r}, so you cannot give it.")


async def check_reach(session: AsyncSession, caller: Principal, employee_id: str) -> None:
    """403 `permission_beyond_own` where the employee may do something that the caller may not."""
    if beyond(caller.permissions, await held_by(session, employee_id)):
        raise too_much("The employee may do more than you.")


async def check_addresses(
    session: AsyncSession, caller: Principal, addresses: Iterable[str | None], but: str
) -> None:
    """403 `permission_beyond_own` where an active employee who may do more than the caller has one
    of the addresses: with two bearers of it neither could sign in by it. The employee `but` may.
    """
    wanted = sorted({address for address in addresses if address})
    if not wanted:
        return
    held = or_(_EMPLOYEE.c.email1.in_(wanted), _EMPLOYEE.c.email2.in_(wanted))
    others = select(_EMPLOYEE.c.id).where(held, _EMPLOYEE.c.active, _EMPLOYEE.c.id != but)
    ids = (await session.execute(others)).scalars()
    for permissions in (await permissions_of(session, ids)).values():
        if beyond(caller.permissions, permissions):
            raise too_much("Somebody who may do more than you has this address.")


async def keep_an_administrator(session: AsyncSession) -> None:
    """409 `last_administrator` where nobody would be left who may do everything and signs in."""
    # One after another: two administrators who demote each other at once must not both succeed.
    await session.execute(
        select(_SETTING.c.name).where(_SETTING.c.name == "first_administrator_id").with_for_update()
    )
    signing_in = select(_EMPLOYEE.c.id).where(
        _EMPLOYEE.c.active, _EMPLOYEE.c.password_hash.is_not(None)
    )
    ids = (await session.execute(signing_in)).scalars()
    held = await permissions_of(session, ids)
    if not any(EVERYTHING in permissions for permissions in held.values()):
        raise conflict(
            "last_administrator",
            "Nobody would be left to administer",
            detail="This is the last active employee with every permission and a password.",
            hint="Give somebody else the permission '*' first.",
        )


def too_much(detail: str) -> ProblemError:
    """403 `permission_beyond_own`."""
    return ProblemError(
        403,
        "permission_beyond_own",
        "This is beyond your own permissions",
        detail=detail,
        hint="Ask an administrator.",
    )
