"""What exports hold of each list: the API's own lists, with the columns of the imports first."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Row, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import Database
from patchbay_kit.http import PageRequest, keyset
from ticket_svc.accounts.lists import (
    AccountFilter,
    ContactFilter,
    page_of_accounts,
    page_of_contacts,
)
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.appointments.reading import AppointmentFilter, page_of_appointments
from ticket_svc.appointments.tables import Appointment
from ticket_svc.assets.reading import AssetFilter, page_of_assets
from ticket_svc.charges.reading import ChargeFilter, charge_view, page_of_charges
from ticket_svc.charges.tables import Charge
from ticket_svc.contracts.reading import ContractFilter, page_of_contracts
from ticket_svc.contracts.tables import Contract
from ticket_svc.departments.service import page_of_departments
from ticket_svc.departments.tables import Department
from ticket_svc.employees.tables import Employee
from ticket_svc.locations.service import page_of_locations
from ticket_svc.locations.tables import Location
from ticket_svc.params import contains
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tasks.reading import TaskFilter, page_of_tasks
from ticket_svc.tasks.tables import Task
from ticket_svc.transfer import accounts, assets, contacts
from ticket_svc.transfer.exporting import BATCH, Cells, Listing
from ticket_svc.views.listing import PageWanted, page_of_tickets
from ticket_svc.views.schemas import TicketFilter

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel
_ACCOUNT = ("account_id", "account_name")
_MADE = ("archived_at", "created_at")
TICKET_COLUMNS = (
    *("id", "number", "subject", "status", "status_label", "priority", "type", "channel"),
    *("account_id", "account", "manager_id", "manager", "asset_id", "asset"),
    *("in_inbox", "due_at", "occurred_at", "created_at", "updated_at", "closed_at"),
)


def account_listing(wanted: AccountFilter) -> Listing[Account]:
    """Accounts, as they can be imported."""
    columns = ("id", *accounts.FIELDS, "auto_created", *_MADE)

    async def read(session: AsyncSession, page: PageRequest) -> list[Account]:
        return await page_of_accounts(session, wanted, page)

    return Listing(columns, read, Account.model_dump, record="account")


def contact_listing(wanted: ContactFilter) -> Listing[Contact]:
    """Contacts, as they can be imported."""
    columns = ("id", *_ACCOUNT, *contacts.FIELDS, *_MADE)

    async def read(session: AsyncSession, page: PageRequest) -> list[Contact]:
        return await page_of_contacts(session, wanted, page)

    return Listing(columns, read, Contact.model_dump, record="contact")


def asset_listing(wanted: AssetFilter) -> Listing[Row[Any]]:
    """Assets, as they can be imported: `location` is empty where it is the account's main one."""
    columns = ("id", *_ACCOUNT, *assets.FIELDS, "location", "department", *_MADE)

    async def read(session: AsyncSession, page: PageRequest) -> Sequence[Row[Any]]:
        return await page_of_assets(session, wanted, page)

    def cells(row: Row[Any]) -> Cells:
        own = row.location_id is not None
        location = row.place_name if own else None
        return {**row._mapping, "location": location, "department": row.department_name}

    return Listing(columns, read, cells, record="asset")


def location_listing(account_id: str | None, q: str | None, archived: bool) -> Listing[Location]:
    """Locations with their addresses."""
    address = ("name", "street", "postal_code", "city", "region", "country", "phone")
    columns = ("id", *_ACCOUNT, *address, "is_main", "remote_key", *_MADE)

    async def read(session: AsyncSession, page: PageRequest) -> list[Location]:
        return await page_of_locations(session, account_id, q, archived, page)

    return Listing(columns, read, Location.model_dump)


def department_listing(
    account_id: str | None, q: str | None, archived: bool
) -> Listing[Department]:
    """Departments."""

    async def read(session: AsyncSession, page: PageRequest) -> list[Department]:
        return await page_of_departments(session, account_id, q, archived, page)

    return Listing(("id", *_ACCOUNT, "name", *_MADE), read, Department.model_dump)


def employee_listing(q: str | None, active: bool | None) -> Listing[Row[Any]]:
    """Employees with what they may do; nothing of how they sign in."""
    columns = (
        *("id", "name", "email1", "email2", "phone", "active"),
        *("receives_all_mail", "permissions", "created_at"),
    )

    async def read(session: AsyncSession, page: PageRequest) -> Sequence[Row[Any]]:
        statement = select(*(_EMPLOYEE.c[name] for name in columns))
        if active is not None:
            statement = statement.where(_EMPLOYEE.c.active.is_(active))
        if q:
            texts = (_EMPLOYEE.c.name, _EMPLOYEE.c.email1, _EMPLOYEE.c.email2)
            like = (each.ilike(contains(q), escape="\\") for each in texts)
            statement = statement.where(or_(*like))
        return (await session.execute(keyset(statement, [_EMPLOYEE.c.id], page))).all()

    def cells(row: Row[Any]) -> Cells:
        return {**row._mapping, "permissions": " ".join(row.permissions)}

    return Listing(columns, read, cells)


def contract_listing(wanted: ContractFilter) -> Listing[Contract]:
    """Contracts."""
    columns = (
        *("id", *_ACCOUNT, "name", "kind", "starts_on", "ends_on", "block_minutes"),
        *("used_minutes", "is_default", "closed_at", "note", *_MADE),
    )

    async def read(session: AsyncSession, page: PageRequest) -> list[Contract]:
        return await page_of_contracts(session, wanted, page)

    return Listing(columns, read, Contract.model_dump)


def charge_listing(viewer: Viewer, wanted: ChargeFilter) -> Listing[Charge]:
    """Charges of the tickets that the viewer sees."""
    columns = (
        *("id", "ticket_id", *_ACCOUNT, "contract_id", "employee_id", "kind", "description"),
        *("minutes", "quantity", "unit_price", "amount", "billable", "performed_at"),
        *("created_by", "created_at"),
    )
    read = partial(_seen, page_of_charges, viewer, wanted)
    return Listing(columns, read, lambda charge: charge_view(charge).model_dump())


def task_listing(viewer: Viewer, wanted: TaskFilter) -> Listing[Task]:
    """Tasks of the tickets that the viewer sees, and those without a ticket."""
    columns = (
        *("id", "ticket_id", *_ACCOUNT, "title", "note", "assignee_id", "due_at"),
        *("done_at", "done_by", "created_by", "created_at"),
    )
    return Listing(columns, partial(_seen, page_of_tasks, viewer, wanted), Task.model_dump)


def appointment_listing(viewer: Viewer, wanted: AppointmentFilter) -> Listing[Appointment]:
    """Appointments of the tickets that the viewer sees, and those without one; by their start."""
    columns = (
        *("id", "ticket_id", *_ACCOUNT, "employee_id", "subject", "note", "starts_at"),
        *("ends_at", "state", "done_at", "created_by", "created_at"),
    )
    return Listing(
        columns,
        partial(_seen, page_of_appointments, viewer, wanted),
        Appointment.model_dump,
        key=lambda each: (each.starts_at, each.id),
    )


async def ticket_batches(
    db: Database, viewer: Viewer, wanted: TicketFilter
) -> AsyncIterator[Sequence[Cells]]:
    """Tickets that the viewer sees; a search is exported whole, so newest first."""
    if wanted.q:
        wanted = wanted.model_copy(update={"sort": "newest"})
    cursor: str | None = None
    while True:
        # The cursor stays in this loop: nobody else can send one.
        body = await page_of_tickets(db, viewer, wanted, PageWanted(BATCH, cursor, b"export"))
        page = orjson.loads(body)
        yield [_ticket_cells(item) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return


async def _seen(
    read: Any, viewer: Viewer, wanted: Any, session: AsyncSession, page: PageRequest
) -> Any:
    return await read(session, viewer, wanted, page)


def _ticket_cells(item: dict[str, Any]) -> Cells:
    neighbours: dict[str, Any] = {}
    for name in ("account", "manager", "asset"):
        other = item[name] or {}
        neighbours |= {f"{name}_id": other.get("id"), name: other.get("name")}
    return {**item, **neighbours}
