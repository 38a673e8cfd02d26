"""HTTP of the portal: for customers, who see and do what belongs to their account."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.auth import Principal
from patchbay_kit.errors import ProblemError, not_found
from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    RuntimeDep,
    TransactionalRoute,
    Uow,
    check_if_match,
)
from patchbay_kit.http.dependencies import unit_of_work
from ticket_svc.desk.service import load_settings
from ticket_svc.documents import files
from ticket_svc.documents import reading as documents
from ticket_svc.documents import service as keeping
from ticket_svc.documents.downloading import download
from ticket_svc.documents.uploading import FILE_BODY, UploadRoute
from ticket_svc.params import QueryText
from ticket_svc.portal import reading, service
from ticket_svc.portal.schemas import (
    NewPortalNote,
    NewPortalTicket,
    PortalChange,
    PortalDocument,
    PortalEntry,
    PortalTicket,
    PortalTicketSummary,
)
from ticket_svc.records import answer
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.named import visible_ticket


async def customer(principal: Caller) -> Principal:
    """403 `customers_only` for everybody but a contact: not even an administrator is a customer."""
    if principal.kind != "contact" or principal.account_id is None:
        raise ProblemError(
            403,
            "customers_only",
            "This is for customers",
            hint="Employees and programs find the same under /v1/tickets.",
        )
    return principal


ONLY_CUSTOMERS = [Depends(customer)]
router = APIRouter(
    prefix="/v1/portal",
    tags=["portal"],
    route_class=TransactionalRoute,
    dependencies=ONLY_CUSTOMERS,
)
uploads = APIRouter(
    prefix="/v1/portal", tags=["portal"], route_class=UploadRoute, dependencies=ONLY_CUSTOMERS
)

# Says to every browser: save it, do not guess what it is, and run nothing of it.
_INERT = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
FileName = Annotated[str, Query(min_length=1, max_length=300, examples=["photo.png"])]
StateQuery = Annotated[reading.State, Query(description="open, closed or all")]


@router.get("/tickets", summary="Tickets of the customer's account, newest first")
async def list_tickets(
    viewer: ViewerDep,
    session: Reader,
    page: PageParams,
    state: StateQuery = "all",
    q: QueryText = None,
) -> Page[PortalTicketSummary]:
    """`q` is a part of the number or the subject."""
    rows = await reading.page_of_tickets(session, viewer, state, q, page)
    return page.page(rows, key=lambda row: (row.id,), item=lambda row: reading.summary(row, viewer))


@router.post("/tickets", status_code=201, summary="Open a ticket")
async def create_ticket(
    body: NewPortalTicket, viewer: ViewerDep, uow: Uow, response: Response
) -> PortalTicket:
    """It goes into the desk's Inbox (S2-44)."""
    ticket_id = await service.open_own(uow, body, viewer.principal)
    return await _shown(uow, viewer, ticket_id, response, f"/v1/portal/tickets/{ticket_id}")


@router.get("/tickets/{ticket}", summary="One ticket")
async def read_ticket(
    ticket: str, viewer: ViewerDep, session: Reader, response: Response
) -> PortalTicket:
    """By id or number. The ETag is its version."""
    settings = await load_settings(session)
    view = await reading.read_ticket(session, viewer, ticket, settings)
    return answer(view, response, view.version)


@router.patch("/tickets/{ticket}", summary="Change one's own open ticket")
async def patch_ticket(
    ticket: str,
    body: PortalChange,
    request: Request,
    viewer: ViewerDep,
    uow: Uow,
    response: Response,
) -> PortalTicket:
    """What `may_change` names. It goes into the desk's Inbox (S2-45)."""
    row = await service.lock_own(uow, viewer, ticket)
    check_if_match(request, row.version)
    await service.change(uow, row, body.changes(), viewer.principal)
    return await _shown(uow, viewer, row.id, response)


@router.post("/tickets/{ticket}/close", summary="Close one's own ticket")
async def close_ticket(
    ticket: str, request: Request, viewer: ViewerDep, uow: Uow, response: Response
) -> PortalTicket:
    """Where the desk lets customers (`may_close`). A closed ticket stays as it is."""
    row = await service.lock_own(uow, viewer, ticket)
    check_if_match(request, row.version)
    await service.close(uow, row, viewer.principal)
    return await _shown(uow, viewer, row.id, response)


@router.get("/tickets/{ticket}/history", summary="What happened to a ticket, oldest first")
async def list_history(
    ticket: str, viewer: ViewerDep, session: Reader, page: PageParams
) -> Page[PortalEntry]:
    """Public entries only (S2-73). Employees are not named."""
    row = await visible_ticket(session, viewer, ticket)
    rows = await reading.page_of_history(session, row.id, page)
    names = await reading.names_of(session, viewer, [each.actor for each in rows])
    return page.page(
        rows, key=lambda each: (each.id,), item=lambda each: reading.entry(each, names)
    )


@router.post("/tickets/{ticket}/notes", status_code=201, summary="Write a note on a ticket")
async def create_note(ticket: str, body: NewPortalNote, viewer: ViewerDep, uow: Uow) -> PortalEntry:
    """Everybody of the account reads it. It goes into the desk's Inbox (S2-41, S2-46)."""
    row = await service.lock_own(uow, viewer, ticket)
    caller = viewer.principal
    entry_id = await service.note(uow, row, body, caller)
    return PortalEntry(
        id=entry_id,
        kind="note",
        by="customer",
        name=caller.name,
        text=body.text,
        occurred_at=uow.now,
    )


@router.get("/tickets/{ticket}/documents", summary="Files of a ticket, newest first")
async def list_documents(
    ticket: str, viewer: ViewerDep, session: Reader, page: PageParams
) -> Page[PortalDocument]:
    """Public ones only."""
    row = await visible_ticket(session, viewer, ticket)
    wanted = documents.DocumentFilter(ticket_id=row.id)
    found = await documents.page_of_documents(session, viewer, wanted, page)
    return page.page(found, key=lambda each: (each.id,), item=reading.document)


@uploads.post(
    "/tickets/{ticket}/documents",
    status_code=201,
    summary="Put a file on a ticket",
    openapi_extra=FILE_BODY,
)
async def create_document(
    ticket: str, name: FileName, viewer: ViewerDep, runtime: RuntimeDep, request: Request
) -> PortalDocument:
    """The body is the file. Everybody of the account reads it; it goes into the desk's Inbox."""
    async with runtime.db.read() as session:
        await visible_ticket(session, viewer, ticket)
    file = await files.store(runtime, name, await request.body())
    uow = await unit_of_work(request)
    row = await service.lock_own(uow, viewer, ticket)
    who = by(viewer.principal)
    added = await keeping.add(uow, file, who, account_id=row.account_id, public=True, ticket=row)
    return reading.document(added)


@router.get(
    "/tickets/{ticket}/documents/{document_id}/content",
    summary="A file of a ticket",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "the file"}},
)
async def read_content(
    ticket: str, document_id: str, viewer: ViewerDep, runtime: RuntimeDep
) -> Response:
    """To be saved, never to be shown or run by a browser."""
    async with runtime.db.read() as session:
        row = await visible_ticket(session, viewer, ticket)
        document = await documents.find_document(session, viewer, document_id)
        if document.ticket_id != row.id:
            raise not_found("document", document_id)
    return await download(document_id, viewer, runtime)


async def _shown(
    uow: Uow, viewer: Viewer, ticket_id: str, response: Response, location: str | None = None
) -> PortalTicket:
    settings = await load_settings(uow.session)
    view = await reading.read_ticket(uow.session, viewer, ticket_id, settings)
    return answer(view, response, view.version, location=location)
