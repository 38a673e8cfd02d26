"""HTTP of employees: the desk reads, `employees.admin` writes."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.auth import Principal
from patchbay_kit.errors import not_found
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
from ticket_svc import records
from ticket_svc.employees import service
from ticket_svc.employees.holding import groups_of, held_by
from ticket_svc.employees.schemas import (
    EmployeeChange,
    EmployeeSaved,
    EmployeeView,
    HeldGroup,
    NewEmployee,
    NewPassword,
    OwnOptions,
)
from ticket_svc.employees.tables import Employee
from ticket_svc.params import QueryText, contains
from ticket_svc.sign_ins.standing import forget_standings

router = APIRouter(
    prefix="/v1/employees",
    tags=["employees"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
ADMIN = [Depends(require("employees.admin")), Depends(forget_standings)]


@router.get("", summary="Employees, newest first")
async def list_employees(
    session: Reader,
    page: PageParams,
    q: QueryText = None,
    active: Annotated[bool | None, Query()] = None,
) -> Page[EmployeeView]:
    """`q` is a part of the name or of an address."""
    statement = select(Employee)
    if active is not None:
        statement = statement.where(col(Employee.active).is_(active))
    if q:
        pattern = contains(q)
        columns = (col(Employee.name), col(Employee.email1), col(Employee.email2))
        statement = statement.where(or_(*(each.ilike(pattern, escape="\\") for each in columns)))
    rows = (await session.execute(keyset(statement, [col(Employee.id)], page))).scalars()
    return page.page(list(rows), key=lambda row: (row.id,), item=_view)


@router.post("", status_code=201, dependencies=ADMIN, summary="Add an employee")
async def create_employee(
    body: NewEmployee, caller: Caller, uow: Uow, response: Response
) -> EmployeeSaved:
    """`warnings` says where an address is shared (S2-107). The support address is refused."""
    employee = await service.create(uow, body, caller)
    return await _saved(uow.session, employee, response, f"/v1/employees/{employee.id}")


@router.get("/me", summary="The signed-in employee")
async def read_me(caller: Caller, session: Reader, response: Response) -> EmployeeSaved:
    """404 for a caller who is no employee."""
    return await _saved(session, await _own(session, caller), response)


@router.patch("/me", summary="Change one's own options")
async def patch_me(
    body: OwnOptions, request: Request, caller: Caller, uow: Uow, response: Response
) -> EmployeeSaved:
    """Whether one gets the mail of every new ticket (S2-136), and the phone."""
    found = await _own(uow.session, caller)
    employee = await records.locked(uow, Employee, found.id, "employee", request)
    await service.change_own(uow, employee, body.model_dump(exclude_unset=True))
    return await _saved(uow.session, employee, response)


@router.get("/{employee_id}", summary="One employee")
async def read_employee(employee_id: str, session: Reader, response: Response) -> EmployeeSaved:
    """The ETag is the version."""
    employee = await records.read(session, Employee, employee_id, "employee")
    return await _saved(session, employee, response)


@router.patch("/{employee_id}", dependencies=ADMIN, summary="Change an employee")
async def patch_employee(
    employee_id: str,
    body: EmployeeChange,
    request: Request,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> EmployeeSaved:
    """Only what is sent changes. An inactive employee cannot sign in and is sent no mail.

    It acts within seconds, whatever token they hold.
    """
    employee = await records.locked(uow, Employee, employee_id, "employee", request)
    await service.change(uow, employee, body.model_dump(exclude_unset=True), caller)
    return await _saved(uow.session, employee, response)


@router.put(
    "/{employee_id}/password", status_code=204, dependencies=ADMIN, summary="Set a password"
)
async def put_password(employee_id: str, body: NewPassword, caller: Caller, uow: Uow) -> Response:
    """At least 12 characters. Kept as an argon2id hash only."""
    employee = await records.locked(uow, Employee, employee_id, "employee")
    await service.set_password(uow, employee, body.password.get_secret_value(), caller)
    return Response(status_code=204)


async def _own(session: AsyncSession, caller: Principal) -> Employee:
    employee = await session.get(Employee, caller.id) if caller.kind == "employee" else None
    if employee is None:
        raise not_found("employee", "me")
    return employee


def _view(employee: Employee) -> EmployeeView:
    return EmployeeView(**_fields(employee))


def _fields(employee: Employee) -> dict[str, Any]:
    shown = set(EmployeeView.model_fields) - {"has_password"}
    return {
        **employee.model_dump(include=shown),
        "has_password": employee.password_hash is not None,
    }


async def _saved(
    session: AsyncSession, employee: Employee, response: Response, location: str | None = None
) -> EmployeeSaved:
    view = EmployeeSaved(
        **_fields(employee),
        groups=[HeldGroup.model_validate(group) for group in await groups_of(session, employee.id)],
        effective_permissions=sorted(await held_by(session, employee.id)),
        warnings=await service.shared_addresses(session, employee),
    )
    return records.answer(view, response, employee.version, location=location)
