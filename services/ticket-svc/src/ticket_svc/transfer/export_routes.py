"""HTTP of exports: every list as CSV, with the list's own filters and for whom it is visible."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from patchbay_kit.http import Caller, RuntimeDep, TransactionalRoute, require
from ticket_svc.accounts.lists import AccountFilter, ContactFilter
from ticket_svc.appointments.reading import AppointmentFilter
from ticket_svc.appointments.schemas import State
from ticket_svc.assets.reading import AssetFilter
from ticket_svc.charges.reading import ChargeFilter
from ticket_svc.charges.rules import Kind as ChargeKind
from ticket_svc.contracts.reading import ContractFilter
from ticket_svc.contracts.schemas import Kind as ContractKind
from ticket_svc.moments import QueryMoment
from ticket_svc.params import QueryId, QueryText
from ticket_svc.records import ArchivedQuery
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tasks.reading import TaskFilter
from ticket_svc.transfer import listings
from ticket_svc.transfer.exporting import export, stream
from ticket_svc.views.schemas import TicketFilter

_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "UTF-8, separated by commas. A cell that a spreadsheet would take for a"
        " formula begins with an apostrophe, which an import takes away.",
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "id,name\r\n"}},
    }
}
router = APIRouter(
    prefix="/v1/exports",
    tags=["imports and exports"],
    route_class=TransactionalRoute,
    default_response_class=StreamingResponse,
    responses=_CSV,
    dependencies=[Depends(require("desk"))],
)
Flag = Annotated[bool | None, Query()]


@router.get("/accounts.csv", summary="Accounts as CSV")
async def export_accounts(
    runtime: RuntimeDep,
    q: QueryText = None,
    auto_created: Flag = None,
    manager_id: QueryId = None,
    archived: ArchivedQuery = False,
) -> StreamingResponse:
    """With the columns of their import, custom fields among them."""
    wanted = AccountFilter(q, auto_created, manager_id, archived)
    return await export(runtime.db, "accounts", listings.account_listing(wanted))


@router.get("/contacts.csv", summary="Contacts as CSV")
async def export_contacts(
    runtime: RuntimeDep,
    account_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> StreamingResponse:
    """With the columns of their import, custom fields among them."""
    wanted = ContactFilter(account_id, q, archived)
    return await export(runtime.db, "contacts", listings.contact_listing(wanted))


@router.get("/assets.csv", summary="Assets as CSV")
async def export_assets(
    runtime: RuntimeDep,
    account_id: QueryId = None,
    location_id: QueryId = None,
    department_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> StreamingResponse:
    """With the columns of their import. `location` is empty where it is the main one (S3-39)."""
    wanted = AssetFilter(account_id, location_id, department_id, q, archived)
    return await export(runtime.db, "assets", listings.asset_listing(wanted))


@router.get("/locations.csv", summary="Locations as CSV")
async def export_locations(
    runtime: RuntimeDep,
    account_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> StreamingResponse:
    """With their addresses."""
    return await export(runtime.db, "locations", listings.location_listing(account_id, q, archived))


@router.get("/departments.csv", summary="Departments as CSV")
async def export_departments(
    runtime: RuntimeDep,
    account_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> StreamingResponse:
    """With their accounts."""
    listing = listings.department_listing(account_id, q, archived)
    return await export(runtime.db, "departments", listing)


@router.get(
    "/employees.csv",
    dependencies=[Depends(require("employees.admin"))],
    summary="Employees as CSV",
)
async def export_employees(
    runtime: RuntimeDep, q: QueryText = None, active: Flag = None
) -> StreamingResponse:
    """With their own permissions; nothing of how they sign in."""
    return await export(runtime.db, "employees", listings.employee_listing(q, active))


@router.get("/tickets.csv", summary="Tickets as CSV")
async def export_tickets(
    query: Annotated[TicketFilter, Query()], viewer: ViewerDep, runtime: RuntimeDep
) -> StreamingResponse:
    """With the filters of the list, and of those tickets that the caller sees (S2-30)."""
    batches = listings.ticket_batches(runtime.db, viewer, query)
    return await stream("tickets", listings.TICKET_COLUMNS, batches)


@router.get("/contracts.csv", summary="Contracts as CSV")
async def export_contracts(
    runtime: RuntimeDep,
    account_id: QueryId = None,
    kind: Annotated[ContractKind | None, Query()] = None,
    closed: Flag = None,
    archived: ArchivedQuery = False,
    q: QueryText = None,
) -> StreamingResponse:
    """With what was worked under them, in minutes."""
    wanted = ContractFilter(account_id, kind, closed, archived, q)
    return await export(runtime.db, "contracts", listings.contract_listing(wanted))


@router.get("/charges.csv", summary="Charges as CSV")
async def export_charges(
    viewer: ViewerDep,
    runtime: RuntimeDep,
    account_id: QueryId = None,
    contract_id: QueryId = None,
    ticket_id: QueryId = None,
    employee_id: QueryId = None,
    kind: Annotated[ChargeKind | None, Query()] = None,
    billable: Flag = None,
    performed_from: QueryMoment = None,
    performed_to: QueryMoment = None,
) -> StreamingResponse:
    """Of the tickets that the caller sees."""
    people = (ticket_id, account_id, contract_id, employee_id)
    wanted = ChargeFilter(*people, kind, billable, performed_from, performed_to)
    return await export(runtime.db, "charges", listings.charge_listing(viewer, wanted))


@router.get("/tasks.csv", summary="Tasks as CSV")
async def export_tasks(
    viewer: ViewerDep,
    caller: Caller,
    runtime: RuntimeDep,
    mine: Annotated[bool, Query(description="those of the caller")] = False,
    assignee_id: QueryId = None,
    ticket_id: QueryId = None,
    account_id: QueryId = None,
    done: Flag = None,
    due_before: QueryMoment = None,
) -> StreamingResponse:
    """Of the tickets that the caller sees, and those without a ticket."""
    assignee = caller.id if mine else assignee_id
    wanted = TaskFilter(ticket_id, account_id, assignee, done, due_before)
    return await export(runtime.db, "tasks", listings.task_listing(viewer, wanted))


@router.get("/appointments.csv", summary="Appointments as CSV")
async def export_appointments(
    viewer: ViewerDep,
    caller: Caller,
    runtime: RuntimeDep,
    mine: Annotated[bool, Query(description="those of the caller")] = False,
    employee_id: QueryId = None,
    ticket_id: QueryId = None,
    account_id: QueryId = None,
    state: Annotated[State | None, Query()] = None,
    since: QueryMoment = None,
    until: QueryMoment = None,
) -> StreamingResponse:
    """Of the tickets that the caller sees, and those without a ticket; in the window or partly."""
    technician = caller.id if mine else employee_id
    wanted = AppointmentFilter(ticket_id, account_id, technician, state, since, until)
    return await export(runtime.db, "appointments", listings.appointment_listing(viewer, wanted))
