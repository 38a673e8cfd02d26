"""What customers do: everything of it reaches the Inbox (S2-38, S2-41, S2-44 .. S2-46)."""

from typing import Any

from sqlalchemy import Row

from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, conflict
from ticket_svc.desk.service import load_settings
from ticket_svc.desk.statuses import Status
from ticket_svc.portal.schemas import NewPortalNote, NewPortalTicket
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.creating import open_ticket
from ticket_svc.tickets.editing import change_ticket
from ticket_svc.tickets.named import lock_visible
from ticket_svc.tickets.notes import add_note
from ticket_svc.tickets.schemas import NewNote, NewTicketRequest


async def open_own(uow: UnitOfWork, wanted: NewPortalTicket, caller: Principal) -> str:
    """The id of a new ticket about the caller; it is managed as any other (S1-57)."""
    request = NewTicketRequest(
        account_id=str(caller.account_id), contact_id=caller.id, **wanted.model_dump()
    )
    return await open_ticket(uow, request, by(caller))


async def lock_own(uow: UnitOfWork, viewer: Viewer, key: str) -> Row[Any]:
    """A ticket of the account, locked; 409 where nothing is written on it any more."""
    return await lock_visible(uow, viewer, key)


async def change(
    uow: UnitOfWork, row: Row[Any], changes: dict[str, Any], caller: Principal
) -> None:
    """Write what differs of the caller's own open ticket, as far as the desk lets customers."""
    _check_own(row, caller)
    allowed = (await load_settings(uow.session)).customer_may_change
    refused = sorted(set(changes) - set(allowed))
    if refused:
        raise _not_allowed(f"Customers do not change the {refused[0]} here.", f"/{refused[0]}")
    await change_ticket(uow, row, changes, by(caller))


async def close(uow: UnitOfWork, row: Row[Any], caller: Principal) -> None:
    """Complete the caller's own ticket, where the desk lets customers."""
    if row.status_class == "closed":
        return
    _check_own(row, caller)
    if not (await load_settings(uow.session)).customer_may_close:
        raise _not_allowed("Customers do not close tickets here.", None)
    await change_ticket(uow, row, {"status": str(Status.COMPLETED)}, by(caller))


async def note(uow: UnitOfWork, row: Row[Any], written: NewPortalNote, caller: Principal) -> str:
    """A public note (S2-46); its id."""
    added = await add_note(uow, row, NewNote(text=written.text, public=True), by(caller))
    return added.id


def _check_own(row: Row[Any], caller: Principal) -> None:
    if row.contact_id != caller.id:
        raise _not_allowed("This ticket is about somebody else of your company.", None)
    if row.status_class != "open":
        raise conflict(
            "ticket_closed", "The ticket is closed", hint="Write a note, or open a new ticket."
        )


def _not_allowed(detail: str, field: str | None) -> ProblemError:
    return ProblemError(
        403,
        "change_not_allowed",
        "You cannot change this",
        detail=detail,
        field=field,
        hint="Write a note: it reaches the support at once.",
    )
