"""HTTP of a ticket's page: one read for everything on it."""

from fastapi import APIRouter, Depends, Response

from patchbay_kit.http import Reader, RuntimeDep, TransactionalRoute, etag, require
from patchbay_kit.http.pagination import DEFAULT_LIMIT, PageRequest
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.ticket_pages.reading import read_page
from ticket_svc.ticket_pages.schemas import TicketPage

router = APIRouter(
    prefix="/v1/tickets",
    tags=["tickets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("/{ticket}/page", summary="One ticket with all its parts")
async def read_ticket_page(
    ticket: str, session: Reader, viewer: ViewerDep, runtime: RuntimeDep, response: Response
) -> TicketPage:
    """Account, asset, contract with warnings, newest history, open tasks, planned appointments,
    charges in all, documents, messages, relations, and what the caller may do. The history's
    cursor is one of `/v1/tickets/{ticket}/history?order=newest`.
    """
    # A cursor is good for the path whose secret has signed it.
    secret = runtime.secrets.derive(f"cursor /v1/tickets/{ticket}/history")
    history = PageRequest(DEFAULT_LIMIT, None, secret)
    page = await read_page(session, ticket, viewer, history, runtime.clock())
    response.headers["ETag"] = etag(page.ticket.version)
    return page
