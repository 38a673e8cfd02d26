"""HTTP of documents: files of tickets and accounts. Those of a ticket are for who sees it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.errors import not_found
from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    RuntimeDep,
    TransactionalRoute,
    Uow,
    require,
)
from patchbay_kit.http.dependencies import unit_of_work
from patchbay_kit.http.ids import checked_id
from ticket_svc.accounts.belonging import active_account
from ticket_svc.accounts.tables import Account
from ticket_svc.documents import files, reading, service
from ticket_svc.documents.downloading import download
from ticket_svc.documents.reading import DocumentFilter, find_document
from ticket_svc.documents.schemas import DocumentChange, DocumentView
from ticket_svc.documents.tables import Document
from ticket_svc.documents.uploading import FILE_BODY, FileName, UploadRoute
from ticket_svc.params import QueryText
from ticket_svc.parts import lock_part
from ticket_svc.records import ArchivedQuery, answer, read
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.named import lock_visible, visible_ticket

DESK = [Depends(require("desk"))]
router = APIRouter(
    prefix="/v1", tags=["documents"], route_class=TransactionalRoute, dependencies=DESK
)
uploads = APIRouter(prefix="/v1", tags=["documents"], route_class=UploadRoute, dependencies=DESK)

Public = Annotated[bool, Query(description="customers may read it")]


@router.get("/tickets/{ticket}/documents", summary="Documents of a ticket, newest first")
async def list_ticket_documents(
    ticket: str,
    viewer: ViewerDep,
    session: Reader,
    page: PageParams,
    archived: ArchivedQuery = False,
    q: QueryText = None,
) -> Page[DocumentView]:
    """Its files (S2-16). `q` is a part of the name."""
    row = await visible_ticket(session, viewer, ticket)
    wanted = DocumentFilter(ticket_id=row.id, archived=archived, q=q)
    documents = await reading.page_of_documents(session, viewer, wanted, page)
    return page.page(documents, key=lambda each: (each.id,), item=DocumentView.model_validate)


@uploads.post(
    "/tickets/{ticket}/documents",
    status_code=201,
    summary="Put a file on a ticket",
    openapi_extra=FILE_BODY,
)
async def create_ticket_document(
    ticket: str,
    name: FileName,
    viewer: ViewerDep,
    caller: Caller,
    runtime: RuntimeDep,
    request: Request,
    response: Response,
    public: Public = False,
) -> DocumentView:
    """The body is the file. 413 where it is larger than `document_max_bytes`."""
    async with runtime.db.read() as session:
        await visible_ticket(session, viewer, ticket)
    file = await files.store(runtime, name, await request.body())
    uow = await unit_of_work(request)
    row = await lock_visible(uow, viewer, ticket)
    document = await service.add(
        uow, file, by(caller), account_id=row.account_id, public=public, ticket=row
    )
    return _added(document, response)


@router.get("/accounts/{account_id}/documents", summary="Documents of an account, newest first")
async def list_account_documents(
    account_id: str,
    viewer: ViewerDep,
    session: Reader,
    page: PageParams,
    archived: ArchivedQuery = False,
    q: QueryText = None,
) -> Page[DocumentView]:
    """Its own files, and those of its tickets that the caller sees. `q` is a part of the name."""
    account = await read(session, Account, account_id, "account")
    wanted = DocumentFilter(account_id=account.id, archived=archived, q=q)
    documents = await reading.page_of_documents(session, viewer, wanted, page)
    return page.page(documents, key=lambda each: (each.id,), item=DocumentView.model_validate)


@uploads.post(
    "/accounts/{account_id}/documents",
    status_code=201,
    summary="Put a file on an account",
    openapi_extra=FILE_BODY,
)
async def create_account_document(
    account_id: str,
    name: FileName,
    caller: Caller,
    runtime: RuntimeDep,
    request: Request,
    response: Response,
    public: Public = False,
) -> DocumentView:
    """The body is the file. 413 where it is larger than `document_max_bytes`."""
    key = checked_id(account_id, "account")
    async with runtime.db.read() as session:
        if await session.get(Account, key) is None:
            raise not_found("account", account_id)
    file = await files.store(runtime, name, await request.body())
    uow = await unit_of_work(request)
    await active_account(uow, key, field="account_id")
    document = await service.add(uow, file, by(caller), account_id=key, public=public)
    return _added(document, response)


@router.get("/documents/{document_id}", summary="One document")
async def read_document(
    document_id: str, viewer: ViewerDep, session: Reader, response: Response
) -> DocumentView:
    """What is known of the file. The ETag is the version."""
    return _answer(await find_document(session, viewer, document_id), response)


@router.get(
    "/documents/{document_id}/content",
    summary="The file itself",
    response_class=Response,
    responses={200: {"content": {"*/*": {}}, "description": "the file, of its own kind"}},
)
async def read_content(document_id: str, viewer: ViewerDep, runtime: RuntimeDep) -> Response:
    """To be saved, never to be shown or run by a browser."""
    return await download(document_id, viewer, runtime)


@router.patch("/documents/{document_id}", summary="Change a document")
async def patch_document(
    document_id: str,
    body: DocumentChange,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> DocumentView:
    """Its name, and whether customers may read it. The content never changes."""
    document, row = await lock_part(uow, viewer, Document, document_id, "document", request)
    await service.change(uow, row, document, body.model_dump(exclude_unset=True), by(caller))
    return _answer(document, response)


@router.post("/documents/{document_id}/archive", summary="Archive a document")
async def archive_document(
    document_id: str,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> DocumentView:
    """It is not offered any more. Repeating it changes nothing."""
    document, row = await lock_part(uow, viewer, Document, document_id, "document", request)
    await service.archive(uow, row, document, by(caller))
    return _answer(document, response)


@router.post("/documents/{document_id}/restore", summary="Restore a document")
async def restore_document(
    document_id: str,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> DocumentView:
    """It is offered again. Repeating it changes nothing."""
    document, row = await lock_part(uow, viewer, Document, document_id, "document", request)
    await service.restore(uow, row, document, by(caller))
    return _answer(document, response)


def _added(document: Document, response: Response) -> DocumentView:
    view = DocumentView.model_validate(document)
    return answer(view, response, document.version, location=f"/v1/documents/{document.id}")


def _answer(document: Document, response: Response) -> DocumentView:
    return answer(DocumentView.model_validate(document), response, document.version)
