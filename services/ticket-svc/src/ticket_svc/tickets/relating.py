"""Tickets that have to do with each other.

Promise: one relation a pair, told once and written in the history of both. Parents and originals
form no circle.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, tuple_

from patchbay_contracts import TicketRelated
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import conflict, invalid, not_found
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.related import RELATION, SEEN, STORED, leads_to, relations_between
from ticket_svc.tickets.relation_schemas import RelationKind
from ticket_svc.tickets.writing import Telling


async def relate(
    uow: UnitOfWork, row: Row[Any], other: Row[Any], kind: RelationKind, who: By
) -> None:
    """Relate two locked tickets; nothing where they are so already.

    409 `related_otherwise`, 422 `relation_circle`.
    """
    stored, named_first = STORED[kind]
    first, second = (other.id, row.id) if named_first else (row.id, other.id)
    held = await relations_between(uow.session, row.id, other.id)
    if held:
        (relation, here_first), *_ = held
        if relation.kind == stored and (stored == "related" or here_first != named_first):
            return
        raise conflict(
            "related_otherwise",
            "The tickets are related in another way",
            field="/kind",
            hint="Remove that relation first.",
        )
    if stored != "related" and await leads_to(uow.session, second, first, stored):
        raise invalid("relation_circle", "That would be a circle", field="/ticket")
    values = {
        "ticket_id": first,
        "other_id": second,
        "kind": stored,
        "created_at": uow.now,
        "created_by": who.actor,
    }
    await insert_many(uow.session, RELATION, [values])
    told = _told(first, second, stored, removed=False)
    await _record(uow, (row, other), SEEN[(stored, not named_first)], [told], who)
    await _record(uow, (other, row), SEEN[(stored, named_first)], [], who)


async def unrelate(uow: UnitOfWork, row: Row[Any], other: Row[Any], who: By) -> None:
    """404 `relation_not_found` where the two locked tickets are not related. What came with merges
    goes as well.
    """
    held = await relations_between(uow.session, row.id, other.id)
    if not held:
        raise not_found("relation", other.id)
    pairs = [(relation.ticket_id, relation.other_id) for relation, _ in held]
    gone = tuple_(RELATION.c.ticket_id, RELATION.c.other_id).in_(pairs)
    await uow.session.execute(delete(RELATION).where(gone))
    told = [
        _told(*pair, relation.kind, removed=True)
        for pair, (relation, _) in zip(pairs, held, strict=True)
    ]
    (relation, here_first), *_ = held
    kinds = [SEEN[(relation.kind, first)] for first in (here_first, not here_first)]
    await _record(uow, (row, other), kinds[0], told, who, removed=True)
    await _record(uow, (other, row), kinds[1], [], who, removed=True)


def _told(ticket_id: str, other_id: str, kind: str, *, removed: bool) -> TicketRelated:
    """The fact, of the tickets between which the relation was made."""
    return TicketRelated(ticket_id=ticket_id, other_ticket_id=other_id, kind=kind, removed=removed)


async def _record(
    uow: UnitOfWork,
    pair: tuple[Row[Any], Row[Any]],
    kind: RelationKind,
    told: Sequence[TicketRelated],
    who: By,
    *,
    removed: bool = False,
) -> None:
    """In the history of the first of the pair; `kind` is what the second one is to it."""
    here, there = pair
    value = {"ticket_id": there.id, "number": there.number, "kind": kind}
    data = {
        "field": "relations",
        "old": value if removed else None,
        "new": None if removed else value,
    }
    text = f"Ticket {there.number} ({kind}) is {'no more ' if removed else ''}related."
    entry = NewEntry("audit", text, uow.now, data=data)
    await record_change(uow, here, entry, "relations", who, also=[_telling(each) for each in told])


def _telling(told: TicketRelated) -> Telling:
    return lambda _: told
