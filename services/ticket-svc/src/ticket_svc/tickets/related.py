"""Reading what tickets have to do with each other, as merges have left it.

Relations stay with the tickets between which they were made. A ticket has its own and those of the
tickets that went into it, and the other side is the ticket into which that one went: so undoing a
merge gives each what it had, in whatever order merges are undone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Subquery, Table, exists, false, select, true, union_all
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
# What is read of the tickets on the other side: what is shown, and what decides who may see it.
_ENDS = (
    *(_TICKET.c[name] for name in ("id", "number", "subject", "status", "status_class")),
    *(_TICKET.c[name] for name in ("manager_id", "account_id", "merged_into_id")),
)
_SHOWN = 200
_READ = 1000


async def relations_of(
    session: AsyncSession,
    ticket_id: str,
    viewer: Viewer,
    labels: Labels,
    family: Mapping[str, str] | None = None,
) -> list[RelationView]:
    """Those to tickets that the viewer sees, oldest first, one for each ticket. A merged ticket has
    none: they are where it went. `family` as of `family_of`, where the caller has it.
    """
    near = _sides(ticket_id, sorted(family or await family_of(session, ticket_id)))
    statement = (
        select(near, *_ENDS)
        .join(_TICKET, _TICKET.c.id == near.c.other)
        .order_by(near.c.created_at, near.c.other)
        .limit(_READ)
    )
    rows = (await session.execute(statement)).all()
    ends = await _ends_of(session, rows)
    found = [
        (row, end) for row in rows if (end := ends[row.other]).id != ticket_id and viewer.sees(end)
    ]
    # What was said of the two themselves counts more than what came with a merge.
    shown = {end.id: row for row, end in reversed(found)}
    shown |= {end.id: row for row, end in found if (row.own, row.other) == (ticket_id, end.id)}
    return [
        RelationView(
            ticket=ticket_ref(end, labels),
            kind=SEEN[(row.kind, bool(row.first))],
            created_at=row.created_at,
            created_by=row.created_by,
        )
        for row, end in found
        if shown[end.id] is row
    ][:_SHOWN]


async def _ends_of(session: AsyncSession, rows: Sequence[Row[Any]]) -> dict[str, Row[Any]]:
    """By the id of the other side, the ticket where that one is now."""
    ends = {row.other: row for row in rows}
    merged = {other for other, row in ends.items() if row.merged_into_id is not None}
    if merged:
        final = await final_tickets(session, merged)
        there = select(*_ENDS).where(_TICKET.c.id.in_(sorted(set(final.values()))))
        last = {row.id: row for row in await session.execute(there)}
        ends |= {other: last[final[other]] for other in merged}
    return ends


async def related_ids(session: AsyncSession, ticket_id: str) -> set[str]:
    """The tickets that are related to this one or to what went into it, whoever may see them."""
    ids = sorted(await family_of(session, ticket_id))
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
    roots = await family_of(session, one, other)
    both = RELATION.c.ticket_id.in_(sorted(roots)), RELATION.c.other_id.in_(sorted(roots))
    found = (await session.execute(select(RELATION).where(*both))).all()
    shared = [row for row in found if roots[row.ticket_id] != roots[row.other_id]]
    shared.sort(key=lambda row: ({row.ticket_id, row.other_id} != {one, other}, row.created_at))
    return [(row, roots[row.ticket_id] == one) for row in shared]


async def leads_to(session: AsyncSession, start: str, goal: str, kind: str) -> bool:
    """Whether `goal` is above `start`: its parent, the parent's parent, and so on."""
    seen, level = {start}, {start}
    while level and goal not in seen:
        family = await family_of(session, *level)
        above = select(RELATION.c.other_id).where(
            RELATION.c.ticket_id.in_(sorted(family)), RELATION.c.kind == kind
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


def _sides(ticket_id: str, family: Sequence[str]) -> Subquery:
    """Every relation of the family: `own` is the side in it, `other` the other one. None where the
    ticket itself was merged.
    """
    itself = _TICKET.alias("itself")
    merged = exists().where(itself.c.id == ticket_id, itself.c.merged_into_id.is_not(None))
    told = RELATION.c.kind, RELATION.c.created_at, RELATION.c.created_by
    first, second = RELATION.c.ticket_id, RELATION.c.other_id
    forth = select(first.label("own"), second.label("other"), true().label("first"), *told)
    back = select(second.label("own"), first.label("other"), false().label("first"), *told)
    return union_all(
        forth.where(first.in_(family), ~merged), back.where(second.in_(family), ~merged)
    ).subquery("near")
