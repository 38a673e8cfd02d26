"""A ticket with all that went into it, and into those, down the chain of merges."""

from sqlalchemy import CTE, Table, select

from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel


def family_of(*roots: str) -> CTE:
    """A part of a statement with the columns `root` and `id`: each of the tickets with itself, and
    with every ticket that was merged into it.
    """
    itself = select(_TICKET.c.id.label("root"), _TICKET.c.id.label("id"))
    top = itself.where(_TICKET.c.id.in_(sorted(set(roots)))).cte("family", recursive=True)
    below = select(top.c.root, _TICKET.c.id).join(top, _TICKET.c.merged_into_id == top.c.id)
    return top.union(below)
