"""Privilege groups: permissions that their members hold beside their own (S1-125).

Who comes into a group or leaves one is told: EmployeeUpdated with `groups`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_contracts import EmployeeUpdated
from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import conflict, not_found
from patchbay_kit.ids import new_id
from ticket_svc import records
from ticket_svc.employees.giving import check_gift, check_reach, keep_an_administrator, too_much
from ticket_svc.employees.group_schemas import NewGroup
from ticket_svc.employees.rules import beyond
from ticket_svc.employees.tables import Employee, PrivilegeGroup, PrivilegeGroupMember

_GROUP: Table = PrivilegeGroup.__table__  # type: ignore[attr-defined]  # set by SQLModel
_MEMBER: Table = PrivilegeGroupMember.__table__  # type: ignore[attr-defined]


async def create(uow: UnitOfWork, wanted: NewGroup, caller: Principal) -> PrivilegeGroup:
    """A new group without members; 409 `group_name_taken`."""
    check_gift(caller, wanted.permissions)
    await _check_name(uow.session, wanted.name)
    group = PrivilegeGroup(
        id=new_id(),
        name=wanted.name,
        permissions=sorted(set(wanted.permissions)),
        created_at=uow.now,
    )
    uow.session.add(group)
    await uow.session.flush()
    return group


async def change(
    uow: UnitOfWork, group: PrivilegeGroup, changes: dict[str, Any], caller: Principal
) -> None:
    """Write what differs. A group that may do more than the caller is beyond them (403)."""
    check_own(caller, group)
    if "permissions" in changes:
        changes["permissions"] = sorted(set(changes["permissions"]))
        check_gift(caller, changes["permissions"])
    differing = records.differing(group, changes)
    if "name" in differing:
        await _check_name(uow.session, differing["name"])
    if await records.apply(uow, group, differing):
        await keep_an_administrator(uow.session)


async def remove(uow: UnitOfWork, group: PrivilegeGroup, caller: Principal) -> None:
    """Remove the group; its members lose what they held through it."""
    check_own(caller, group)
    left = delete(_MEMBER).where(_MEMBER.c.group_id == group.id).returning(_MEMBER.c.employee_id)
    await _tell(uow, (await uow.session.execute(left)).scalars().all())
    await uow.session.delete(group)
    await uow.session.flush()
    await keep_an_administrator(uow.session)


async def add_member(
    uow: UnitOfWork, group: PrivilegeGroup, employee_id: str, caller: Principal
) -> None:
    """Put the employee into the group; nothing where they are in it."""
    await _check_member(uow.session, group, employee_id, caller)
    row = {"group_id": group.id, "employee_id": employee_id}
    came = await insert_many(
        uow.session, _MEMBER, [row], ignore_conflicts=True, returning=[_MEMBER.c.employee_id]
    )
    await _tell(uow, [each.employee_id for each in came])


async def remove_member(
    uow: UnitOfWork, group: PrivilegeGroup, employee_id: str, caller: Principal
) -> None:
    """Take the employee out of the group; nothing where they are not in it."""
    await _check_member(uow.session, group, employee_id, caller)
    held = (_MEMBER.c.group_id == group.id, _MEMBER.c.employee_id == employee_id)
    left = delete(_MEMBER).where(*held).returning(_MEMBER.c.employee_id)
    await _tell(uow, (await uow.session.execute(left)).scalars().all())
    await keep_an_administrator(uow.session)


async def follow_groups(
    uow: UnitOfWork, employee_id: str, said: Any, mapping: Mapping[str, str]
) -> bool:
    """Put the employee into the mapped groups that the provider names, and out of the others.

    Groups that the mapping does not name are left alone. True where anything changed; 409
    `privilege_group_missing` where the mapping names one that there is not.
    """
    named = {str(each) for each in said} if isinstance(said, list) else set()
    wanted = {group for theirs, group in mapping.items() if theirs in named}
    ids = await _mapped_groups(uow.session, mapping, wanted)
    mine = _MEMBER.c.employee_id == employee_id
    among = _MEMBER.c.group_id.in_(sorted(ids.values()))
    held = select(_MEMBER.c.group_id).where(mine, among)
    due = {ids[name] for name in wanted}
    if set((await uow.session.execute(held)).scalars()) == due:
        return False
    await uow.session.get_one(Employee, employee_id, with_for_update=True)
    before = set((await uow.session.execute(held)).scalars())
    new = [{"group_id": each, "employee_id": employee_id} for each in sorted(due - before)]
    ended = sorted(before - due)
    if not new and not ended:
        return False
    await _tell(uow, [employee_id])
    await insert_many(uow.session, _MEMBER, new, ignore_conflicts=True)
    if ended:
        gone = _MEMBER.c.group_id.in_(ended)
        await uow.session.execute(delete(_MEMBER).where(mine, gone))
        await keep_an_administrator(uow.session)
    return True


async def _mapped_groups(
    session: AsyncSession, mapping: Mapping[str, str], wanted: set[str]
) -> dict[str, str]:
    rows = await session.execute(
        select(_GROUP.c.id, _GROUP.c.name).where(_GROUP.c.name.in_(sorted(set(mapping.values()))))
    )
    ids = {row.name: row.id for row in rows}
    missing = sorted(wanted - set(ids))
    if missing:
        raise conflict(
            "privilege_group_missing",
            "A privilege group is missing",
            detail=f"PATCHBAY_OIDC_GROUPS names {missing[0]!r}, and there is no such group.",
            hint="Ask an administrator to add it.",
        )
    return ids


def check_own(caller: Principal, group: PrivilegeGroup) -> None:
    """403 `permission_beyond_own` for a group that may do what the caller may not."""
    if beyond(caller.permissions, group.permissions):
        raise too_much("The group may do more than you.")


async def _check_member(
    session: AsyncSession, group: PrivilegeGroup, employee_id: str, caller: Principal
) -> None:
    check_own(caller, group)
    # Locked, so that the last administrator is not deactivated meanwhile.
    if await session.get(Employee, employee_id, with_for_update=records.LOCK) is None:
        raise not_found("employee", employee_id)
    await check_reach(session, caller, employee_id)


async def _tell(uow: UnitOfWork, employee_ids: Iterable[str]) -> None:
    # Employees are locked before whoever must be left to administer, here as everywhere.
    for employee_id in sorted(employee_ids):
        employee = await uow.session.get_one(Employee, employee_id, with_for_update=True)
        employee.version += 1
        told = EmployeeUpdated(
            employee_id=employee.id,
            name=employee.name,
            active=employee.active,
            changed=["groups"],
        )
        uow.publish(told, subject=employee.id, version=employee.version)
    await uow.session.flush()


async def _check_name(session: AsyncSession, name: str) -> None:
    taken = select(col(PrivilegeGroup.id)).where(col(PrivilegeGroup.name) == name)
    if await session.scalar(taken) is not None:
        raise conflict("group_name_taken", "A group has this name already", field="/name")
