"""What every route that changes a ticket does around the change."""

from typing import Any

from fastapi import Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.http import etag
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets import reading
from ticket_svc.tickets.changing import lock_tickets
from ticket_svc.tickets.named import lock_visible
from ticket_svc.tickets.schemas import TicketView


async def lock_pair(
    uow: UnitOfWork, key: str, other_key: str, request: Request, viewer: Viewer, field: str
) -> tuple[Row[Any], Row[Any]]:
    """Two tickets, locked in the order of their ids: the one of the path, as `lock_visible` gives
    it, and one that the request names.

    422 on the `field` where that one is not there for the viewer, or is the same.
    """
    ticket_id, _ = await reading.resolve(uow.session, key, viewer)
    other_id = await other_ticket(uow.session, other_key, viewer, field)
    if other_id == ticket_id:
        raise invalid("same_ticket", "That is the ticket itself", field=field)
    rows = await lock_tickets(uow.session, [ticket_id, other_id])
    if not viewer.sees(rows[other_id]):
        raise _unknown(other_key, field)
    return await lock_visible(uow, viewer, ticket_id, request), rows[other_id]


async def other_ticket(session: AsyncSession, key: str, viewer: Viewer, field: str) -> str:
    """The id of a ticket that a request names; 422 `ticket_unknown`."""
    try:
        return (await reading.resolve(session, key, viewer))[0]
    except ProblemError as error:
        raise _unknown(key, field) from error


def _unknown(key: str, field: str) -> ProblemError:
    detail = f"There is no ticket {key[:64]!r}."
    return invalid("ticket_unknown", "No such ticket", field=field, detail=detail)


async def answer_ticket(
    uow: UnitOfWork, ticket_id: str, viewer: Viewer, response: Response
) -> TicketView:
    """The ticket after the change, with its ETag."""
    view = await reading.changed_ticket(uow, ticket_id, viewer)
    response.headers["ETag"] = etag(view.version)
    return view
