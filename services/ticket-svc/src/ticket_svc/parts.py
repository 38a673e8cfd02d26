"""What hangs on tickets: found, locked and told with its ticket.

Promise: a part is read and changed only by those who see its ticket; for everybody else it is not
there. A ticket is locked before its parts, everywhere.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from fastapi import Request
from sqlalchemy import Row, Select, Table, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import PersonRef
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, conflict, invalid, not_found
from patchbay_kit.http import check_if_match
from patchbay_kit.http.ids import checked_id
from ticket_svc.employees.tables import Employee
from ticket_svc.records import Record
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.named import lock_visible
from ticket_svc.tickets.seeing import visible_ids
from ticket_svc.tickets.tables import Ticket

TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]


class Part(Record, Protocol):
    """A record that hangs on a ticket, or on none."""

    @property
    def ticket_id(self) -> str | None:
        """The ticket's id."""


P = TypeVar("P", bound=Part)
S = TypeVar("S", bound=Select[Any])


async def lock_referred(uow: UnitOfWork, viewer: Viewer, ticket_id: str) -> Row[Any]:
    """The ticket that a body names, locked; 422 `ticket_unknown` for those who may not see it."""
    try:
        return await lock_visible(uow, viewer, ticket_id)
    except ProblemError as error:
        if error.status != 404:
            raise
        raise invalid("ticket_unknown", "No such ticket", field="/ticket_id") from error


async def find_part(
    session: AsyncSession, viewer: Viewer, model: type[P], part_id: str, what: str
) -> P:
    """The record; 404 `<what>_not_found` where it or its ticket is not there for the viewer.

    Parts are internal: for customers there are none, whatever tickets they see.
    """
    part = await session.get(model, checked_id(part_id, what))
    if part is None or viewer.public_only or not await sees(session, viewer, part.ticket_id):
        raise not_found(what, part_id)
    return part


async def lock_part(
    uow: UnitOfWork, viewer: Viewer, model: type[P], part_id: str, what: str, request: Request
) -> tuple[P, Row[Any] | None]:
    """The record, locked after its ticket, and the ticket's row; 404 as `find_part`, and 412.

    409 where it was moved to another ticket meanwhile.
    """
    found = await find_part(uow.session, viewer, model, part_id, what)
    held = found.ticket_id
    ticket = await lock_visible(uow, viewer, held) if held is not None else None
    part = await uow.session.get(model, found.id, with_for_update=True, populate_existing=True)
    if part is None:
        raise not_found(what, part_id)
    if part.ticket_id != held:
        raise conflict(f"{what}_moved", "It was moved meanwhile", hint="Repeat the request.")
    check_if_match(request, part.version)
    return part, ticket


def with_visible_ticket(statement: S, ticket_id: Any, viewer: Viewer) -> S:
    """Only rows whose ticket the viewer sees; those without a ticket stay."""
    conditions = viewer.conditions()
    if not conditions:
        return statement
    visible = exists().where(TICKET.c.id == ticket_id, *conditions)
    return statement.where(or_(ticket_id.is_(None), visible))


async def sees(session: AsyncSession, viewer: Viewer, ticket_id: str | None) -> bool:
    """Whether the viewer sees the ticket; what hangs on none is for every employee."""
    if ticket_id is None:
        return not viewer.public_only
    return bool(await visible_ids(session, viewer, {ticket_id}))


async def people(session: AsyncSession, ids: Iterable[str]) -> dict[str, PersonRef]:
    """Employees by id, active or not."""
    return await _people(session, ids)


async def active_people(
    session: AsyncSession, ids: Iterable[str], field: str, *, lock: bool = False
) -> dict[str, PersonRef]:
    """Active employees by id, in the order of `ids`; 422 `employee_unknown` unless all are.

    `lock`: their records are locked, so that only one at a time plans with them.
    """
    wanted = list(dict.fromkeys(ids))
    found = await _people(session, wanted, active=True, lock=lock)
    for each in wanted:
        if each not in found:
            detail = f"There is no active employee {each!r}."
            raise invalid("employee_unknown", "No such employee", field=field, detail=detail)
    return {each: found[each] for each in wanted}


def as_told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a record as the history holds them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


async def _people(
    session: AsyncSession, ids: Iterable[str], *, active: bool = False, lock: bool = False
) -> dict[str, PersonRef]:
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    statement = select(_EMPLOYEE).where(_EMPLOYEE.c.id.in_(wanted)).order_by(_EMPLOYEE.c.id)
    if active:
        statement = statement.where(_EMPLOYEE.c.active)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return {
        row.id: PersonRef(
            id=row.id, kind="employee", name=row.name, email=row.email1 or row.email2 or ""
        )
        for row in await session.execute(statement)
    }
