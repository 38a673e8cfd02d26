"""Tickets that have to do with each other.

Promise: one relation a pair, told once and written in the history of both. Parents and originals
form no circle.
"""

from typing import Any

from sqlalchemy import Row, Table, and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import TicketRelated
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import conflict, invalid, not_found
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.labels import Labels
from ticket_svc.tickets.merged import refuse_merged
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.relation_schemas import RelationKind, RelationView, TicketRef
from ticket_svc.tickets.tables import Ticket, TicketRelation

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_RELATION: Table = TicketRelation.__table__  # type: ignore[attr-defined]

# How a pair is stored, by what the named ticket is to the one that names it: the kind, and whether
# the named one comes first, as the child or the duplicate.
_STORED: dict[RelationKind, tuple[str, bool]] = {
    "related": ("related", False),
    "parent": ("parent", False),
    "child": ("parent", True),
    "original": ("duplicate", False),
    "duplicate": ("duplicate", True),
}
_SEEN: dict[tuple[str, bool], RelationKind] = {
    (stored, not first): kind for kind, (stored, first) in _STORED.items()
} | {("related", False): "related"}


async def relate(
    uow: UnitOfWork, row: Row[Any], other: Row[Any], kind: RelationKind, who: By
) -> None:
    """Relate two locked tickets; nothing where they are so already.

    409 `related_otherwise`, 422 `relation_circle`.
    """
    refuse_merged(other)
    stored, named_first = _STORED[kind]
    first, second = (other.id, row.id) if named_first else (row.id, other.id)
    held = await _pair(uow.session, row.id, other.id)
    if held is not None:
        same = held.kind == stored and (stored == "related" or held.ticket_id == first)
        if same:
            return
        raise conflict(
            "related_otherwise",
            "The tickets are related in another way",
            field="/kind",
            hint="Remove that relation first.",
        )
    if stored != "related" and await _leads_to(uow.session, second, first, stored):
        raise invalid("relation_circle", "That would be a circle", field="/ticket")
    relation = {
        "ticket_id": first,
        "other_id": second,
        "kind": stored,
        "created_at": uow.now,
        "created_by": who.actor,
    }
    await insert_many(uow.session, _RELATION, [relation])
    await _record(uow, row, other, relation, who, removed=False)


async def unrelate(uow: UnitOfWork, row: Row[Any], other: Row[Any], who: By) -> None:
    """404 `relation_not_found` where the two locked tickets are not related."""
    held = await _pair(uow.session, row.id, other.id)
    if held is None:
        raise not_found("relation", other.id)
    await uow.session.execute(delete(_RELATION).where(_between(row.id, other.id)))
    await _record(uow, row, other, held._asdict(), who, removed=True)


async def relations_of(
    session: AsyncSession, ticket_id: str, viewer: Viewer, labels: Labels
) -> list[RelationView]:
    """Those to tickets that the viewer sees, oldest first."""
    here = or_(_RELATION.c.ticket_id == ticket_id, _RELATION.c.other_id == ticket_id)
    behind = or_(
        and_(_RELATION.c.ticket_id == ticket_id, _TICKET.c.id == _RELATION.c.other_id),
        and_(_RELATION.c.other_id == ticket_id, _TICKET.c.id == _RELATION.c.ticket_id),
    )
    columns = (_TICKET.c.id, _TICKET.c.number, _TICKET.c.subject, _TICKET.c.status)
    statement = (
        select(_RELATION.c.ticket_id, _RELATION.c.kind, _RELATION.c.created_at)
        .add_columns(_RELATION.c.created_by, *columns, _TICKET.c.status_class)
        .join(_TICKET, behind)
        .where(here, *viewer.conditions())
        .order_by(_RELATION.c.created_at, _TICKET.c.id)
        .limit(200)
    )
    return [
        RelationView(
            ticket=ticket_ref(row, labels),
            kind=_SEEN[(row.kind, row.ticket_id == ticket_id)],
            created_at=row.created_at,
            created_by=row.created_by,
        )
        for row in await session.execute(statement)
    ]


def ticket_ref(row: Any, labels: Labels) -> TicketRef:
    """A row with the ticket's own columns."""
    return TicketRef(
        id=row.id,
        number=row.number,
        subject=row.subject,
        status=row.status,
        status_label=labels.of("status", row.status),
        status_class=row.status_class,
    )


async def _pair(session: AsyncSession, one: str, other: str) -> Row[Any] | None:
    return (await session.execute(select(_RELATION).where(_between(one, other)))).one_or_none()


def _between(one: str, other: str) -> Any:
    forth = and_(_RELATION.c.ticket_id == one, _RELATION.c.other_id == other)
    return or_(forth, and_(_RELATION.c.ticket_id == other, _RELATION.c.other_id == one))


async def _leads_to(session: AsyncSession, start: str, goal: str, kind: str) -> bool:
    """Whether `goal` is above `start`: its parent, the parent's parent, and so on."""
    seen, level = {start}, {start}
    while level and goal not in seen:
        above = select(_RELATION.c.other_id).where(
            _RELATION.c.ticket_id.in_(sorted(level)), _RELATION.c.kind == kind
        )
        level = set((await session.execute(above)).scalars()) - seen
        seen |= level
    return goal in seen


async def _record(
    uow: UnitOfWork,
    row: Row[Any],
    other: Row[Any],
    relation: dict[str, Any],
    who: By,
    *,
    removed: bool,
) -> None:
    """In the history of both; told of the one that was changed."""
    told = TicketRelated(
        ticket_id=relation["ticket_id"],
        other_ticket_id=relation["other_id"],
        kind=relation["kind"],
        removed=removed,
    )
    await record_change(
        uow,
        row,
        _entry(uow, row, other, relation, removed),
        "relations",
        who,
        also=[lambda _: told],
    )
    await record_change(uow, other, _entry(uow, other, row, relation, removed), "relations", who)


def _entry(
    uow: UnitOfWork, here: Row[Any], there: Row[Any], relation: dict[str, Any], removed: bool
) -> NewEntry:
    kind = _SEEN[(relation["kind"], relation["ticket_id"] == here.id)]
    value = {"ticket_id": there.id, "number": there.number, "kind": kind}
    data = {
        "field": "relations",
        "old": value if removed else None,
        "new": None if removed else value,
    }
    text = f"Ticket {there.number} ({kind}) is {'no more ' if removed else ''}related."
    return NewEntry("audit", text, uow.now, data=data)
