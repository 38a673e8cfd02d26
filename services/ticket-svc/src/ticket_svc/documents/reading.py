"""Documents as their readers see them: customers only the public ones of their account."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.errors import not_found
from patchbay_kit.http import PageRequest, keyset
from patchbay_kit.http.ids import checked_id
from ticket_svc.documents.schemas import DocumentView
from ticket_svc.documents.tables import Document
from ticket_svc.params import matching
from ticket_svc.parts import sees, with_visible_ticket
from ticket_svc.records import is_archived
from ticket_svc.rights.viewer import Viewer

_DOCUMENT: Table = Document.__table__  # type: ignore[attr-defined]  # set by SQLModel
_ON_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """What a list is narrowed to; None means any. An account's are those of its tickets too; `q` is
    a part of the name.
    """

    ticket_id: str | None = None
    account_id: str | None = None
    archived: bool = False
    q: str | None = None


async def page_of_documents(
    session: AsyncSession, viewer: Viewer, wanted: DocumentFilter, page: PageRequest
) -> list[Document]:
    """Newest first, one more than the page holds."""
    statement = select(Document).where(is_archived(_DOCUMENT.c.archived_at, wanted.archived))
    if wanted.ticket_id is not None:
        statement = statement.where(_DOCUMENT.c.ticket_id == wanted.ticket_id)
    if wanted.account_id is not None:
        statement = statement.where(_DOCUMENT.c.account_id == wanted.account_id)
    if viewer.public_only:
        own = _DOCUMENT.c.account_id == viewer.principal.account_id
        statement = statement.where(own, _DOCUMENT.c.public, _DOCUMENT.c.archived_at.is_(None))
    if wanted.q:
        statement = statement.where(matching([_DOCUMENT.c.name], wanted.q))
    statement = with_visible_ticket(statement, _DOCUMENT.c.ticket_id, viewer)
    statement = keyset(statement, [col(Document.id)], page)
    return list((await session.execute(statement)).scalars())


async def find_document(session: AsyncSession, viewer: Viewer, document_id: str) -> Document:
    """The document; 404 `document_not_found` where it is not there for the viewer."""
    document = await session.get(Document, checked_id(document_id, "document"))
    if document is None or not await _shown(session, viewer, document):
        raise not_found("document", document_id)
    return document


async def ticket_parts(
    session: AsyncSession, ticket_id: str, *, public_only: bool = False
) -> dict[str, Any]:
    """`documents`: the ticket's files, oldest first (S2-16); `public_only` for customers."""
    statement = select(_DOCUMENT).where(
        _DOCUMENT.c.ticket_id == ticket_id, _DOCUMENT.c.archived_at.is_(None)
    )
    if public_only:
        statement = statement.where(_DOCUMENT.c.public)
    rows = await session.execute(statement.order_by(_DOCUMENT.c.id).limit(_ON_A_PAGE))
    return {"documents": [DocumentView.model_validate(row) for row in rows]}


async def _shown(session: AsyncSession, viewer: Viewer, document: Document) -> bool:
    if viewer.public_only:
        own = document.account_id == viewer.principal.account_id
        if not (own and document.public and document.archived_at is None):
            return False
        return document.ticket_id is None or await sees(session, viewer, document.ticket_id)
    return await sees(session, viewer, document.ticket_id)
