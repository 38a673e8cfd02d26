"""Adding and changing documents (S2-16). Those of a ticket stand in its history (S2-72)."""

from typing import Any

from sqlalchemy import Row

from patchbay_contracts import DocumentAdded, DocumentUpdated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.ids import new_id
from ticket_svc import records
from ticket_svc.documents.files import StoredFile, checked_name
from ticket_svc.documents.tables import Document
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.records import NewEntry


async def add(
    uow: UnitOfWork,
    file: StoredFile,
    who: By,
    *,
    account_id: str,
    public: bool,
    ticket: Row[Any] | None = None,
) -> Document:
    """A document of the locked ticket, or of the account; DocumentAdded.

    What comes from outside puts the ticket into the Inbox (S2-45, S2-48).
    """
    document = Document(
        id=new_id(),
        ticket_id=ticket.id if ticket is not None else None,
        account_id=account_id,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        blob=file.blob,
        public=public,
        created_by=who.actor,
        created_at=uow.now,
    )
    uow.session.add(document)
    await uow.session.flush()
    about = {"change": "added", "size": file.size, "media_type": file.media_type}
    await _note(uow, ticket, document, "Document", about, who)
    names = {"ticket_id", "account_id", "name", "media_type", "size", "public"}
    added = DocumentAdded(document_id=document.id, **document.model_dump(include=names))
    uow.publish(added, subject=document.id, version=document.version)
    return document


async def change(
    uow: UnitOfWork,
    ticket: Row[Any] | None,
    document: Document,
    wanted: dict[str, Any],
    who: By,
) -> None:
    """Write what differs from the locked document; 422 `name_unusable`."""
    if "name" in wanted:
        wanted = wanted | {"name": checked_name(wanted["name"])}
    changes = records.differing(document, wanted)
    if not changes:
        return
    old = document.model_dump(include=set(changes))
    changed = await records.apply(uow, document, changes)
    data = {"change": "changed", "old": old, "new": changes}
    await _note(uow, ticket, document, "Document changed", data, who)
    _tell(uow, document, changed)


async def archive(uow: UnitOfWork, ticket: Row[Any] | None, document: Document, who: By) -> None:
    """It is not offered any more; nothing where it is archived already."""
    changed = await records.archive(uow, document)
    if changed:
        await _note(uow, ticket, document, "Document archived", {"change": "archived"}, who)
        _tell(uow, document, changed)


async def restore(uow: UnitOfWork, ticket: Row[Any] | None, document: Document, who: By) -> None:
    """It is offered again; nothing where it is not archived."""
    changed = await records.restore(uow, document)
    if changed:
        await _note(uow, ticket, document, "Document restored", {"change": "restored"}, who)
        _tell(uow, document, changed)


def _tell(uow: UnitOfWork, document: Document, changed: list[str]) -> None:
    names = {"ticket_id", "account_id", "name", "public"}
    updated = DocumentUpdated(
        document_id=document.id,
        archived=document.archived_at is not None,
        changed=changed,
        **document.model_dump(include=names),
    )
    uow.publish(updated, subject=document.id, version=document.version)


async def _note(
    uow: UnitOfWork,
    ticket: Row[Any] | None,
    document: Document,
    what: str,
    data: dict[str, Any],
    who: By,
) -> None:
    if ticket is None:
        return
    about = {"document_id": document.id, "name": document.name}
    text, public = f"{what}: {document.name}", document.public
    entry = NewEntry("document", text, uow.now, public=public, data=about | data)
    await record_change(uow, ticket, entry, "documents", who)
