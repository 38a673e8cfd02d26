"""Checks what a ticket refers to: the records are there and belong together."""

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import PersonRef
from patchbay_kit.errors import ProblemError, invalid
from ticket_svc.accounts.belonging import belonging, unknown
from ticket_svc.accounts.tables import Contact
from ticket_svc.assets.tables import Asset
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.employees.tables import Employee
from ticket_svc.tickets.directory import employee_ref

_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]  # set by SQLModel
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]


async def manager_named(session: AsyncSession, employee_id: str) -> PersonRef:
    """The active employee; 422 `manager_unknown`."""
    manager = await employee_ref(session, employee_id)
    if manager is None:
        raise manager_unknown()
    return manager


def manager_unknown() -> ProblemError:
    """422 where nobody active has the id."""
    return unknown("manager", "There is no active employee with this id.")


async def asset_name(session: AsyncSession, asset_id: str, account_id: str) -> str:
    """The name of an asset of the account; 422 `asset_unknown`, `asset_of_other_account`,
    `asset_archived`.
    """
    return (await belonging(session, Asset, asset_id, account_id, "asset")).name


async def contact_named(session: AsyncSession, contact_id: str, account_id: str) -> PersonRef:
    """A contact of the account; 422 `contact_unknown`, `contact_of_other_account`,
    `contact_archived`.
    """
    contact = await belonging(session, Contact, contact_id, account_id, "contact")
    email = contact.email1 or contact.email2 or ""
    return PersonRef(id=contact.id, kind="contact", name=contact.name, email=email)


def check_type(settings: DeskSettings, code: str) -> None:
    """422 `type_unknown` unless the desk has such a type, or the ticket is to have none."""
    if code and code not in settings.ticket_types:
        raise invalid(
            "type_unknown",
            "No such type of tickets",
            field="/type",
            hint="GET /v1/settings names them in ticket_types.",
        )


async def check_employees(session: AsyncSession, ids: set[str], field: str = "/employees") -> None:
    """422 `employee_unknown` unless all are active employees."""
    if not ids:
        return
    statement = select(_EMPLOYEE.c.id).where(_EMPLOYEE.c.id.in_(sorted(ids)), _EMPLOYEE.c.active)
    missing = ids - set((await session.execute(statement)).scalars())
    if missing:
        detail = f"There is no active employee {min(missing)!r}."
        raise invalid("employee_unknown", "No such employee", field=field, detail=detail)


async def check_contacts(session: AsyncSession, ids: set[str], field: str) -> None:
    """422 `contact_unknown` unless all are contacts, of whatever account."""
    if not ids:
        return
    statement = select(_CONTACT.c.id).where(_CONTACT.c.id.in_(sorted(ids)))
    missing = ids - set((await session.execute(statement)).scalars())
    if missing:
        detail = f"There is no contact {min(missing)!r}."
        raise invalid("contact_unknown", "No such contact", field=field, detail=detail)
