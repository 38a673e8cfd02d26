"""HTTP of employees: the desk reads, `employees.admin` writes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import or_, select
from sqlmodel import col

from patchbay_kit.errors import not_found
from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    check_if_match,
    etag,
    keyset,
    require,
)
from patchbay_kit.http.ids import checked_id
from ticket_svc.employees import service
from ticket_svc.employees.schemas import (
    EmployeeChange,
    EmployeeSaved,
    EmployeeView,
    NewEmployee,
    NewPassword,
)
from ticket_svc.employees.tables import Employee
from ticket_svc.params import QueryText, contains

router = APIRouter(
    prefix="/v1/employees",
    tags=["employees"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
ADMIN = [Depends(require("employees.admin"))]


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
    response.headers["Location"] = f"/v1/employees/{employee.id}"
    return await _saved(uow, employee, response)


@router.get("/{employee_id}", summary="One employee")
async def read_employee(employee_id: str, session: Reader, response: Response) -> EmployeeSaved:
    """The ETag is the version."""
    employee = await session.get(Employee, checked_id(employee_id, "employee"))
    if employee is None:
        raise not_found("employee", employee_id)
    response.headers["ETag"] = etag(employee.version)
    warnings = await service.shared_addresses(session, employee)
    return EmployeeSaved(**_view(employee).model_dump(), warnings=warnings)


@router.patch("/{employee_id}", dependencies=ADMIN, summary="Change an employee")
async def patch_employee(
    employee_id: str,
    body: EmployeeChange,
    request: Request,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> EmployeeSaved:
    """Only what is sent changes. An inactive employee cannot sign in and is sent no mail."""
    employee = await service.locked(uow, checked_id(employee_id, "employee"))
    check_if_match(request, employee.version)
    await service.change(uow, employee, body.model_dump(exclude_unset=True), caller)
    return await _saved(uow, employee, response)


@router.put(
    "/{employee_id}/password", status_code=204, dependencies=ADMIN, summary="Set a password"
)
async def put_password(employee_id: str, body: NewPassword, caller: Caller, uow: Uow) -> Response:
    """At least 12 characters. Kept as an argon2id hash only."""
    employee = await service.locked(uow, checked_id(employee_id, "employee"))
    await service.set_password(uow, employee, body.password.get_secret_value(), caller)
    return Response(status_code=204)


def _view(employee: Employee) -> EmployeeView:
    return EmployeeView(
        **employee.model_dump(include=set(EmployeeView.model_fields) - {"has_password"}),
        has_password=employee.password_hash is not None,
    )


async def _saved(uow: Uow, employee: Employee, response: Response) -> EmployeeSaved:
    response.headers["ETag"] = etag(employee.version)
    warnings = await service.shared_addresses(uow.session, employee)
    return EmployeeSaved(**_view(employee).model_dump(), warnings=warnings)
