"""Reading what tickets have to do with each other, as merges have left it.

Relations stay with the tickets between which they were made. A ticket has its own and those of the
tickets that went into it, and the other side is the ticket into which that one went: so undoing a
merge gives each what it had, in whatever order merges are undone.
"""

from typing import Any

from sqlalchemy import CTE, Row, Table, false, literal, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.families import family_of
from ticket_svc.tickets.labels import Labels
from ticket_svc.tickets.merged import final_tickets
from ticket_svc.tickets.relation_schemas import RelationKind, RelationView, TicketRef
from ticket_svc.tickets.tables import Ticket, TicketRelation

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
RELATION: Table = TicketRelation.__table__  # type: ignore[attr-defined]

# How a pair is stored, by what the named ticket is to the one that names it: the kind, and whether
# the named one comes first, as the child or the duplicate.
STORED: dict[RelationKind, tuple[str, bool]] = {
    "related": ("related", False),
    "parent": ("parent", False),
    "child": ("parent", True),
    "original": ("duplicate", False),
    "duplicate": ("duplicate", True),
}
# The way back, by the stored kind and whether the one that is asked about comes first.
SEEN: dict[tuple[str, bool], RelationKind] = {
    (stored, not first): kind for kind, (stored, first) in STORED.items()
} | {("related", False): "related"}
_SHOWN = 200
_READ = 1000


async def relations_of(
    session: AsyncSession, ticket_id: str, viewer: Viewer, labels: Labels
) -> list[RelationView]:
    """Those to tickets that the viewer sees, oldest first, one for each ticket. A merged ticket has
    none: they are where it went.
    """
    near, ends = _sides(ticket_id), _TICKET.alias("ends")
    last = _last_of(near)
    columns = (ends.c.id, ends.c.number, ends.c.subject, ends.c.status, ends.c.status_class)
    statement = (
        select(near, *columns)
        .join(last, last.c.start == near.c.other)
        .join(ends, ends.c.id == last.c.id)
        .join(_TICKET, _TICKET.c.id == ends.c.id)
        .where(ends.c.merged_into_id.is_(None), ends.c.id != ticket_id, *viewer.conditions())
        .order_by(near.c.created_at, ends.c.id)
        .limit(_READ)
    )
    found = (await session.execute(statement)).all()
    # What was said of the two themselves counts more than what came with a merge.
    shown = {row.id: row for row in reversed(found)}
    shown |= {row.id: row for row in found if (row.own, row.other) == (ticket_id, row.id)}
    return [
        RelationView(
            ticket=ticket_ref(row, labels),
            kind=SEEN[(row.kind, bool(row.first))],
            created_at=row.created_at,
            created_by=row.created_by,
        )
        for row in found
        if shown[row.id] is row
    ][:_SHOWN]


async def related_ids(session: AsyncSession, ticket_id: str) -> set[str]:
    """The tickets that are related to this one or to what went into it, whoever may see them."""
    family = family_of(ticket_id)
    ids = select(family.c.id)
    forth = select(RELATION.c.other_id).where(RELATION.c.ticket_id.in_(ids))
    back = select(RELATION.c.ticket_id).where(RELATION.c.other_id.in_(ids))
    others = set((await session.execute(union_all(forth, back))).scalars())
    return set((await final_tickets(session, others)).values()) - {ticket_id}


async def relations_between(
    session: AsyncSession, one: str, other: str
) -> list[tuple[Row[Any], bool]]:
    """The relations that the two share, the one that counts first; each with whether `one`, or what
    went into it, comes first in it.
    """
    family = family_of(one, other)
    rows = (await session.execute(select(family.c.id, family.c.root))).all()
    roots = {row.id: row.root for row in rows}
    both = RELATION.c.ticket_id.in_(sorted(roots)), RELATION.c.other_id.in_(sorted(roots))
    found = (await session.execute(select(RELATION).where(*both))).all()
    shared = [row for row in found if roots[row.ticket_id] != roots[row.other_id]]
    shared.sort(key=lambda row: ({row.ticket_id, row.other_id} != {one, other}, row.created_at))
    return [(row, roots[row.ticket_id] == one) for row in shared]


async def leads_to(session: AsyncSession, start: str, goal: str, kind: str) -> bool:
    """Whether `goal` is above `start`: its parent, the parent's parent, and so on."""
    seen, level = {start}, {start}
    while level and goal not in seen:
        family = family_of(*level)
        above = select(RELATION.c.other_id).where(
            RELATION.c.ticket_id.in_(select(family.c.id)), RELATION.c.kind == kind
        )
        others = set((await session.execute(above)).scalars())
        level = set((await final_tickets(session, others)).values()) - seen
        seen |= level
    return goal in seen


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


def _sides(ticket_id: str) -> CTE:
    """Every relation of the ticket's family: `own` is the side in it, `other` the other one."""
    family, told = family_of(ticket_id), (RELATION.c.created_at, RELATION.c.created_by)
    ids = select(family.c.id).where(_is_whole(ticket_id))
    first, second = RELATION.c.ticket_id, RELATION.c.other_id
    forth = select(first.label("own"), second.label("other"), RELATION.c.kind, *told)
    back = select(second.label("own"), first.label("other"), RELATION.c.kind, *told)
    return union_all(
        forth.add_columns(true().label("first")).where(first.in_(ids)),
        back.add_columns(false().label("first")).where(second.in_(ids)),
    ).cte("near")


def _is_whole(ticket_id: str) -> Any:
    itself = _TICKET.alias("itself")
    merged = itself.c.merged_into_id.is_not(None)
    return ~select(literal(1)).where(itself.c.id == ticket_id, merged).exists()


def _last_of(near: CTE) -> CTE:
    """`id`: every ticket on the way from `start`, the other side, to where that one went."""
    went = _TICKET.alias("went")
    start = select(near.c.other.label("start"), near.c.other.label("id")).cte(
        "chain", recursive=True
    )
    onward = select(start.c.start, went.c.merged_into_id).join(start, went.c.id == start.c.id)
    return start.union(onward.where(went.c.merged_into_id.is_not(None)))
