"""HTTP of departments."""

from fastapi import APIRouter, Depends, Request, Response

from patchbay_kit.http import Page, PageParams, Reader, TransactionalRoute, Uow, require
from ticket_svc import records
from ticket_svc.accounts.belonging import locked_in_account
from ticket_svc.departments import service
from ticket_svc.departments.schemas import DepartmentChange, DepartmentView, NewDepartment
from ticket_svc.departments.tables import Department
from ticket_svc.params import QueryId, QueryText
from ticket_svc.records import ArchivedQuery

router = APIRouter(
    prefix="/v1/departments",
    tags=["departments"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="Departments, newest first")
async def list_departments(
    session: Reader,
    page: PageParams,
    account_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> Page[DepartmentView]:
    """`q` is a part of the name. Only active ones are offered (S3-46)."""
    departments = await service.page_of_departments(session, account_id, q, archived, page)
    return page.page(departments, key=lambda row: (row.id,), item=DepartmentView.model_validate)


@router.post("", status_code=201, summary="Add a department")
async def create_department(body: NewDepartment, uow: Uow, response: Response) -> DepartmentView:
    """A part of an account: a team, an office, a building (S3-48)."""
    department = await service.create_department(uow, body)
    return _view(department, response, location=f"/v1/departments/{department.id}")


@router.get("/{department_id}", summary="One department")
async def read_department(
    department_id: str, session: Reader, response: Response
) -> DepartmentView:
    """The ETag is the version."""
    return _view(await records.read(session, Department, department_id, "department"), response)


@router.patch("/{department_id}", summary="Rename a department")
async def patch_department(
    department_id: str, body: DepartmentChange, request: Request, uow: Uow, response: Response
) -> DepartmentView:
    """A department stays with its account."""
    department = await locked_in_account(uow, Department, department_id, "department", request)
    await service.change_department(uow, department, body.model_dump(exclude_unset=True))
    return _view(department, response)


@router.post("/{department_id}/archive", summary="Archive a department")
async def archive_department(
    department_id: str, request: Request, uow: Uow, response: Response
) -> DepartmentView:
    """Assets keep it; it is not offered any more (S3-46)."""
    department = await locked_in_account(uow, Department, department_id, "department", request)
    await service.archive_department(uow, department)
    return _view(department, response)


@router.post("/{department_id}/restore", summary="Restore a department")
async def restore_department(
    department_id: str, request: Request, uow: Uow, response: Response
) -> DepartmentView:
    """It is offered again."""
    department = await locked_in_account(uow, Department, department_id, "department", request)
    await service.restore_department(uow, department)
    return _view(department, response)


def _view(record: Department, response: Response, *, location: str | None = None) -> DepartmentView:
    shown = DepartmentView.model_validate(record)
    return records.answer(shown, response, record.version, location=location)
