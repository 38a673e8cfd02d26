"""What employees may do now: their own permissions and those of their privilege groups."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.employees.tables import Employee, PrivilegeGroup, PrivilegeGroupMember

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel
_GROUP: Table = PrivilegeGroup.__table__  # type: ignore[attr-defined]
_MEMBER: Table = PrivilegeGroupMember.__table__  # type: ignore[attr-defined]


async def permissions_of(
    session: AsyncSession, employee_ids: Iterable[str]
) -> dict[str, frozenset[str]]:
    """What each of the employees holds, by id; those that there are not are left out."""
    wanted = sorted(set(employee_ids))
    own = select(_EMPLOYEE.c.id, _EMPLOYEE.c.permissions).where(_EMPLOYEE.c.id.in_(wanted))
    held = {row.id: set(row.permissions) for row in await session.execute(own)}
    through_groups = (
        select(_MEMBER.c.employee_id, _GROUP.c.permissions)
        .join(_GROUP, _GROUP.c.id == _MEMBER.c.group_id)
        .where(_MEMBER.c.employee_id.in_(wanted))
    )
    for row in await session.execute(through_groups):
        held.get(row.employee_id, set()).update(row.permissions)
    return {employee_id: frozenset(permissions) for employee_id, permissions in held.items()}


async def held_by(session: AsyncSession, employee_id: str) -> frozenset[str]:
    """What one employee holds."""
    return (await permissions_of(session, [employee_id])).get(employee_id, frozenset())


async def groups_of(session: AsyncSession, employee_id: str) -> list[Row[Any]]:
    """Id and name of the groups that the employee is in."""
    statement = (
        select(_GROUP.c.id, _GROUP.c.name)
        .join(_MEMBER, _MEMBER.c.group_id == _GROUP.c.id)
        .where(_MEMBER.c.employee_id == employee_id)
        .order_by(_GROUP.c.name)
    )
    return list((await session.execute(statement)).all())
