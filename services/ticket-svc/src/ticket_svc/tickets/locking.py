"""What every route that changes a ticket does around the change."""

from typing import Any

from fastapi import Request, Response
from sqlalchemy import Row

from patchbay_kit.db import UnitOfWork
from patchbay_kit.http import etag
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets import reading
from ticket_svc.tickets.editing import lock_ticket
from ticket_svc.tickets.schemas import TicketView


async def lock_named(uow: UnitOfWork, key: str, request: Request, viewer: Viewer) -> Row[Any]:
    """The ticket that a path names by id or number, as `lock_ticket` gives it."""
    ticket_id, _ = await reading.resolve(uow.session, key, viewer)
    return await lock_ticket(uow, ticket_id, request, viewer)


async def answer_ticket(
    uow: UnitOfWork, ticket_id: str, viewer: Viewer, response: Response
) -> TicketView:
    """The ticket after the change, with its ETag."""
    view = await reading.changed_ticket(uow, ticket_id, viewer)
    response.headers["ETag"] = etag(view.version)
    return view
