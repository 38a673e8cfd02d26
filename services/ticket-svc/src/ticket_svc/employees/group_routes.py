"""HTTP of privilege groups, for `employees.admin`."""

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlmodel import col

from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    keyset,
    require,
)
from patchbay_kit.http.ids import checked_id
from ticket_svc import records
from ticket_svc.employees import groups
from ticket_svc.employees.group_schemas import GroupChange, GroupMember, GroupView, NewGroup
from ticket_svc.employees.tables import Employee, PrivilegeGroup, PrivilegeGroupMember
from ticket_svc.params import QueryText, contains
from ticket_svc.sign_ins.standing import forget_standings

router = APIRouter(
    prefix="/v1/privilege-groups",
    tags=["privilege groups"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("employees.admin"))],
)
CHANGES = [Depends(forget_standings)]
_WHAT = "privilege_group"


@router.get("", summary="Privilege groups, newest first")
async def list_groups(session: Reader, page: PageParams, q: QueryText = None) -> Page[GroupView]:
    """`q` is a part of the name."""
    statement = select(PrivilegeGroup)
    if q:
        name = col(PrivilegeGroup.name)
        statement = statement.where(name.ilike(contains(q), escape="\\"))
    statement = keyset(statement, [col(PrivilegeGroup.id)], page)
    rows = (await session.execute(statement)).scalars()
    return page.page(list(rows), key=lambda row: (row.id,), item=GroupView.model_validate)


@router.post("", status_code=201, dependencies=CHANGES, summary="Add a privilege group")
async def create_group(body: NewGroup, caller: Caller, uow: Uow, response: Response) -> GroupView:
    """Nobody gives a group what they do not hold (403 `permission_beyond_own`)."""
    group = await groups.create(uow, body, caller)
    location = f"/v1/privilege-groups/{group.id}"
    view = GroupView.model_validate(group)
    return records.answer(view, response, group.version, location=location)


@router.get("/{group_id}", summary="One privilege group")
async def read_group(group_id: str, session: Reader, response: Response) -> GroupView:
    """The ETag is the version."""
    group = await records.read(session, PrivilegeGroup, group_id, _WHAT)
    return records.answer(GroupView.model_validate(group), response, group.version)


@router.patch("/{group_id}", dependencies=CHANGES, summary="Change a privilege group")
async def patch_group(
    group_id: str,
    body: GroupChange,
    request: Request,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> GroupView:
    """Only what is sent changes. Its members may do what it says now within seconds."""
    group = await records.locked(uow, PrivilegeGroup, group_id, _WHAT, request)
    await groups.change(uow, group, body.model_dump(exclude_unset=True), caller)
    return records.answer(GroupView.model_validate(group), response, group.version)


@router.delete(
    "/{group_id}", status_code=204, dependencies=CHANGES, summary="Remove a privilege group"
)
async def delete_group(group_id: str, request: Request, caller: Caller, uow: Uow) -> Response:
    """Its members lose what they held through it."""
    group = await records.locked(uow, PrivilegeGroup, group_id, _WHAT, request)
    await groups.remove(uow, group, caller)
    return Response(status_code=204)


@router.get("/{group_id}/members", summary="Who is in a privilege group, newest employee first")
async def list_members(group_id: str, session: Reader, page: PageParams) -> Page[GroupMember]:
    """Inactive employees are shown too."""
    group = await records.read(session, PrivilegeGroup, group_id, _WHAT)
    member = col(PrivilegeGroupMember.employee_id) == col(Employee.id)
    statement = (
        select(Employee)
        .join(PrivilegeGroupMember, member)
        .where(col(PrivilegeGroupMember.group_id) == group.id)
    )
    rows = (await session.execute(keyset(statement, [col(Employee.id)], page))).scalars()
    return page.page(list(rows), key=lambda row: (row.id,), item=GroupMember.model_validate)


@router.put(
    "/{group_id}/members/{employee_id}",
    status_code=204,
    dependencies=CHANGES,
    summary="Put an employee into a privilege group",
)
async def put_member(group_id: str, employee_id: str, caller: Caller, uow: Uow) -> Response:
    """Repeating it changes nothing."""
    group = await records.locked(uow, PrivilegeGroup, group_id, _WHAT)
    await groups.add_member(uow, group, checked_id(employee_id, "employee"), caller)
    return Response(status_code=204)


@router.delete(
    "/{group_id}/members/{employee_id}",
    status_code=204,
    dependencies=CHANGES,
    summary="Take an employee out of a privilege group",
)
async def delete_member(group_id: str, employee_id: str, caller: Caller, uow: Uow) -> Response:
    """Repeating it changes nothing."""
    group = await records.locked(uow, PrivilegeGroup, group_id, _WHAT)
    await groups.remove_member(uow, group, checked_id(employee_id, "employee"), caller)
    return Response(status_code=204)
