"""Reading the live feed in its order."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Table, literal, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.live.tables import LiveChange
from ticket_svc.tickets.tables import Ticket

_CHANGE: Table = LiveChange.__table__  # type: ignore[attr-defined]  # set by SQLModel
_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]
# Everything below has been committed or rolled back for good.
_HORIZON: ColumnElement[int] = literal_column(
    "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
)
BATCH = 500


class Position(NamedTuple):
    """A place in the feed; as text it is the id of a server-sent event."""

    xid: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.xid}-{self.seq}"


def parse_position(text: str) -> Position | None:
    """The position that an event's id names; None for anything else."""
    xid, dash, seq = text.partition("-")
    if not dash or not (xid + seq).isascii() or not (xid.isdigit() and seq.isdigit()):
        return None
    return Position(int(xid), int(seq)) if len(text) <= _LONGEST else None


_LONGEST = 37


async def head(session: AsyncSession) -> Position:
    """The last final place."""
    statement = select(_CHANGE.c.xid, _CHANGE.c.seq).where(*_final(session))
    last = statement.order_by(_CHANGE.c.xid.desc(), _CHANGE.c.seq.desc()).limit(1)
    row = (await session.execute(last)).one_or_none()
    return Position(row.xid, row.seq) if row else Position()


async def is_kept(session: AsyncSession, position: Position) -> bool:
    """Whether nothing after this place has been pruned: the row itself is there."""
    statement = select(_CHANGE.c.seq).where(
        _CHANGE.c.seq == position.seq, _CHANGE.c.xid == position.xid
    )
    return await session.scalar(statement) is not None


async def changes_after(
    session: AsyncSession, position: Position, until: Position | None = None
) -> Sequence[Row[Any]]:
    """The next final rows, in order, at most BATCH."""
    place = tuple_(_CHANGE.c.xid, _CHANGE.c.seq)
    conditions = [place > _literal(position), *_final(session)]
    if until is not None:
        conditions.append(place <= _literal(until))
    ordered = select(_CHANGE).where(*conditions).order_by(_CHANGE.c.xid, _CHANGE.c.seq)
    return (await session.execute(ordered.limit(BATCH))).all()


async def tickets_of(session: AsyncSession, ids: Iterable[str]) -> dict[str, Row[Any]]:
    """What decides who may see the tickets, and their numbers, by id."""
    columns = (_TICKET.c.id, _TICKET.c.number, _TICKET.c.manager_id, _TICKET.c.account_id)
    statement = select(*columns).where(_TICKET.c.id.in_(sorted(set(ids))))
    return {row.id: row for row in await session.execute(statement)}


def _literal(position: Position) -> Any:
    kind = _CHANGE.c.xid.type
    return tuple_(literal(position.xid, kind), literal(position.seq, kind))


def _final(session: AsyncSession) -> list[ColumnElement[bool]]:
    if session.get_bind().dialect.name != "postgresql":
        return []
    return [_CHANGE.c.xid < _HORIZON]
