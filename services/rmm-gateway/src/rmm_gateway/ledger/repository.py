"""Reads and writes of the ledger. Writers hold the lock of the connection's row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import insert_many
from rmm_gateway.ledger.rules import LedgerTicket, TicketState, UpdateState
from rmm_gateway.ledger.tables import TICKET, UPDATE

_COLUMNS = tuple(f.name for f in fields(LedgerTicket) if f.name not in ("is_new", "changed"))
_FIXED = ("id", "connection_id", "remote_ticket_id", "first_seen_at")
_MUTABLE = tuple(name for name in _COLUMNS if name not in _FIXED)
_SAVE = (
    update(TICKET)
    .where(TICKET.c.id == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in _MUTABLE})
)
_SAVE_UPDATE = (
    update(UPDATE)
    .where(UPDATE.c.connection_id == bindparam("key"), UPDATE.c.seq == bindparam("number"))
    .values(state=bindparam("new_state"), payload=bindparam("new_payload"))
)


@dataclass(frozen=True, slots=True)
class HeldCounts:
    """How many tickets of a connection wait, and how enabling would split them (S1-43)."""

    held: int = 0
    would_import: int = 0
    too_old: int = 0
    oldest: datetime | None = None


async def load_tickets(
    session: AsyncSession, connection_id: str, remote_ids: Iterable[str]
) -> dict[str, LedgerTicket]:
    """Ledger rows by remote ticket id."""
    wanted = sorted(set(remote_ids))
    if not wanted:
        return {}
    statement = select(TICKET).where(
        TICKET.c.connection_id == connection_id, TICKET.c.remote_ticket_id.in_(wanted)
    )
    rows = (await session.execute(statement)).all()
    return {row.remote_ticket_id: to_ticket(row) for row in rows}


def to_ticket(row: Row[Any]) -> LedgerTicket:
    """A row as the object that rules work on."""
    return LedgerTicket(**{name: row._mapping[name] for name in _COLUMNS})


async def known_updates(
    session: AsyncSession, connection_id: str, seqs: Sequence[int]
) -> dict[int, tuple[str, str]]:
    """Which of the sequence numbers are in the ledger, with ticket and kind of each."""
    statement = select(UPDATE.c.seq, UPDATE.c.remote_ticket_id, UPDATE.c.kind).where(
        UPDATE.c.connection_id == connection_id, UPDATE.c.seq.in_(seqs)
    )
    rows = (await session.execute(statement)).all()
    return {row.seq: (row.remote_ticket_id, row.kind) for row in rows}


async def save_tickets(session: AsyncSession, tickets: Iterable[LedgerTicket]) -> None:
    """Insert new tickets, update changed ones."""
    everything = list(tickets)
    new = [{n: getattr(t, n) for n in _COLUMNS} for t in everything if t.is_new]
    await insert_many(session, TICKET, new)
    changed = [
        {"key": t.id, **{f"new_{name}": getattr(t, name) for name in _MUTABLE}}
        for t in everything
        if t.changed and not t.is_new
    ]
    if changed:
        await session.execute(_SAVE, changed)


async def insert_updates(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert updates; their numbers are known to be new."""
    await insert_many(session, UPDATE, rows)


async def save_updates(
    session: AsyncSession, rows: Iterable[Row[Any]], states: Iterable[UpdateState]
) -> None:
    """Give updates their new states; a published one needs its payload no more."""
    changed = [
        {
            "key": row.connection_id,
            "number": row.seq,
            "new_state": state.value,
            "new_payload": None if state is UpdateState.PUBLISHED else row.payload,
        }
        for row, state in zip(rows, states, strict=True)
    ]
    if changed:
        await session.execute(_SAVE_UPDATE, changed)


async def held_updates(session: AsyncSession, connection_id: str, limit: int) -> Sequence[Row[Any]]:
    """Held updates in the order of the remote."""
    statement = (
        select(UPDATE)
        .where(UPDATE.c.connection_id == connection_id, UPDATE.c.state == UpdateState.HELD.value)
        .order_by(UPDATE.c.seq)
        .limit(limit)
    )
    return (await session.execute(statement)).all()


async def updates_of(
    session: AsyncSession, connection_id: str, remote_ticket_id: str
) -> Sequence[Row[Any]]:
    """Every update of one ticket, in the order of the remote."""
    statement = (
        select(UPDATE)
        .where(
            UPDATE.c.connection_id == connection_id,
            UPDATE.c.remote_ticket_id == remote_ticket_id,
        )
        .order_by(UPDATE.c.seq)
    )
    return (await session.execute(statement)).all()


async def count_held(session: AsyncSession, connection_id: str, cutoff: datetime) -> HeldCounts:
    """Held tickets of one connection, split at `cutoff`."""
    young = func.coalesce(func.sum(case((TICKET.c.occurred_at >= cutoff, 1), else_=0)), 0)
    statement = select(func.count(), young, func.min(TICKET.c.occurred_at)).where(
        TICKET.c.connection_id == connection_id,
        TICKET.c.state == TicketState.HELD.value,
        TICKET.c.seen.is_(True),
    )
    held, would_import, oldest = (await session.execute(statement)).one()
    return HeldCounts(held, would_import, held - would_import, oldest)


async def held_by_connection(session: AsyncSession, ids: Sequence[str]) -> dict[str, int]:
    """How many tickets each connection holds."""
    statement = (
        select(TICKET.c.connection_id, func.count())
        .where(
            TICKET.c.connection_id.in_(ids),
            TICKET.c.state == TicketState.HELD.value,
            TICKET.c.seen.is_(True),
        )
        .group_by(TICKET.c.connection_id)
    )
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}
