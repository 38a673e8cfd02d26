"""What customers see: tickets of their account, and of those public entries and files (S2-06).

Every column is named here, so that nothing new of the desk's own leaves by itself.
"""

from typing import Any, Literal

from sqlalchemy import Row, Select, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.errors import not_found
from patchbay_kit.http import PageRequest, keyset
from ticket_svc.accounts.tables import Contact
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.documents.tables import Document
from ticket_svc.params import contains
from ticket_svc.portal.schemas import (
    Author,
    PortalDocument,
    PortalEntry,
    PortalTicket,
    PortalTicketSummary,
)
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.merged import final_tickets
from ticket_svc.tickets.named import visible_ticket
from ticket_svc.tickets.tables import HistoryEntry, Ticket

State = Literal["open", "closed", "all"]

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_HISTORY: Table = HistoryEntry.__table__  # type: ignore[attr-defined]

_SHOWN = (
    "id",
    "number",
    "subject",
    "status",
    "status_class",
    "priority",
    "contact_id",
    "created_at",
    "updated_at",
    "closed_at",
    "version",
)


async def page_of_tickets(
    session: AsyncSession, viewer: Viewer, state: State, q: str | None, page: PageRequest
) -> list[Row[Any]]:
    """Newest first, one more than the page holds; `q` is a part of the number or subject."""
    statement = _tickets(viewer)
    if state != "all":
        statement = statement.where(_TICKET.c.status_class == state)
    if q:
        pattern = contains(q)
        found = (
            _TICKET.c.subject.ilike(pattern, escape="\\"),
            _TICKET.c.number.like(pattern, escape="\\"),
        )
        statement = statement.where(or_(*found))
    return list((await session.execute(keyset(statement, [_TICKET.c.id], page))).all())


async def read_ticket(
    session: AsyncSession, viewer: Viewer, key: str, settings: DeskSettings
) -> PortalTicket:
    """The ticket by id or number; 404 where it is not the account's."""
    ticket_id = (await visible_ticket(session, viewer, key)).id
    statement = _tickets(viewer).add_columns(_TICKET.c.description, _TICKET.c.merged_into_id)
    row = (await session.execute(statement.where(_TICKET.c.id == ticket_id))).one_or_none()
    if row is None:
        raise not_found("ticket", key[:64])
    changeable = is_changeable(row, viewer)
    return PortalTicket(
        **_fields(row, viewer),
        description=row.description,
        may_change=list(settings.customer_may_change) if changeable else [],
        may_close=changeable and settings.customer_may_close,
        continued_in=await _continued_in(session, viewer, ticket_id),
    )


async def _continued_in(session: AsyncSession, viewer: Viewer, ticket_id: str) -> str | None:
    """The number of the ticket into which this one went in the end, if the viewer sees that one."""
    last = (await final_tickets(session, [ticket_id]))[ticket_id]
    if last == ticket_id:
        return None
    statement = select(_TICKET.c.number).where(_TICKET.c.id == last, *viewer.conditions())
    return (await session.execute(statement)).scalar_one_or_none()


async def page_of_history(
    session: AsyncSession, ticket_id: str, page: PageRequest
) -> list[Row[Any]]:
    """Public entries, oldest first, one more than the page holds."""
    columns = (_HISTORY.c[name] for name in ("id", "kind", "actor", "text", "occurred_at"))
    statement = select(*columns).where(_HISTORY.c.ticket_id == ticket_id, _HISTORY.c.public)
    statement = keyset(statement, [_HISTORY.c.id], page, descending=False)
    return list((await session.execute(statement)).all())


async def names_of(session: AsyncSession, viewer: Viewer, actors: list[str]) -> dict[str, str]:
    """Names by actor, of people of the viewer's account only."""
    ids = {actor.removeprefix("contact:") for actor in actors if actor.startswith("contact:")}
    if not ids:
        return {}
    statement = select(_CONTACT.c.id, _CONTACT.c.name).where(
        _CONTACT.c.id.in_(sorted(ids)),
        _CONTACT.c.account_id == viewer.principal.account_id,
    )
    return {f"contact:{row.id}": row.name for row in await session.execute(statement)}


def is_changeable(row: Any, viewer: Viewer) -> bool:
    """Whether it is the viewer's own ticket and still open."""
    own = row.contact_id == viewer.principal.id
    return own and row.status_class == "open" and row.merged_into_id is None


def summary(row: Row[Any], viewer: Viewer) -> PortalTicketSummary:
    """The row as a customer sees it in a list."""
    return PortalTicketSummary(**_fields(row, viewer))


def entry(row: Row[Any], names: dict[str, str]) -> PortalEntry:
    """The row as a customer sees it."""
    return PortalEntry(
        id=row.id,
        kind=row.kind,
        by=author(row.actor),
        name=names.get(row.actor),
        text=row.text,
        occurred_at=row.occurred_at,
    )


def document(record: Document) -> PortalDocument:
    """The file as a customer sees it."""
    shown = set(PortalDocument.model_fields) - {"by"}
    return PortalDocument(**record.model_dump(include=shown), by=author(record.created_by))


def author(actor: str) -> Author:
    """Who wrote something, without saying which employee."""
    kind = actor.partition(":")[0]
    if kind in ("contact", "address"):
        return "customer"
    return "support" if kind == "employee" else "system"


def _tickets(viewer: Viewer) -> Select[Any]:
    # A contact who went to another account with their tickets left behind is not named.
    same_account = _CONTACT.c.account_id == _TICKET.c.account_id
    return (
        select(*(_TICKET.c[name] for name in _SHOWN), _CONTACT.c.name.label("contact_name"))
        .outerjoin(_CONTACT, (_CONTACT.c.id == _TICKET.c.contact_id) & same_account)
        .where(*viewer.conditions())
    )


def _fields(row: Row[Any], viewer: Viewer) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in _SHOWN if name != "contact_id"}
    own = row.contact_id == viewer.principal.id
    return shown | {"contact_name": row.contact_name, "own": own}
