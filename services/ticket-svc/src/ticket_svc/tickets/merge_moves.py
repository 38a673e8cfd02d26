"""What a merge carries from one ticket to another, and back.

Promise: the way back takes exactly what was carried over, as far as it still hangs there; what came
to the other ticket later stays with it.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork, insert_many, key_in
from ticket_svc.base import Base
from ticket_svc.tickets.muting import MUTED
from ticket_svc.tickets.tables import Recipient

_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]  # set by SQLModel

# Tables with a `ticket_id`, and what names their rows. By name: the features that own them build
# on tickets, so tickets cannot import them.
CARRIED = {
    "history": ("history_entry", "id"),
    "message_ids": ("ticket_message", "message_id"),
    "documents": ("document", "id"),
    "tasks": ("task", "id"),
    "appointments": ("appointment", "id"),
    "charges": ("charge", "id"),
    "messages": ("message", "id"),
}
PARTS = (*CARRIED, "recipients")


async def count_parts(session: AsyncSession, source: str, target: str) -> dict[str, int]:
    """How much of each part there is to carry over, in one statement for all but recipients."""
    counted = [
        select(func.count())
        .select_from(table)
        .where(table.c.ticket_id == source)
        .scalar_subquery()
        .label(name)
        for name, table, _ in _parts()
    ]
    row = (await session.execute(select(*counted))).one()
    return {**row._mapping, "recipients": len(await _new_recipients(session, source, target))}


async def move_parts(uow: UnitOfWork, source: str, target: str) -> dict[str, list[Any]]:
    """Carry everything over; returns what was carried, for `move_back`."""
    moved: dict[str, list[Any]] = {}
    for name, table, key in _parts():
        moving = update(table).where(table.c.ticket_id == source).values(ticket_id=target)
        found = await uow.session.execute(moving.returning(table.c[key]))
        moved[name] = sorted(found.scalars())
    recipients = await _new_recipients(uow.session, source, target)
    ids = [each["id"] for each in recipients]
    here = key_in(uow.session, [_RECIPIENT.c.id], ids)
    await uow.session.execute(update(_RECIPIENT).where(here).values(ticket_id=target))
    moved["recipients"] = recipients
    return moved


async def hide_public(uow: UnitOfWork, moved: dict[str, list[Any]]) -> None:
    """Keep what was carried over to a ticket of another account from that one's customers; `moved`
    gets what they would have seen.
    """
    entries = Base.metadata.tables["history_entry"]
    here = key_in(uow.session, [entries.c.id], moved["history"]), entries.c.public
    hiding = update(entries).where(*here).values(public=False).returning(entries.c.id)
    moved["hidden"] = sorted((await uow.session.execute(hiding)).scalars())


async def move_back(uow: UnitOfWork, moved: dict[str, list[Any]], source: str, target: str) -> None:
    """Take back what `move_parts` has carried over."""
    session = uow.session
    if moved.get("hidden"):
        entries = Base.metadata.tables["history_entry"]
        held = _held(session, entries.c.id, moved["hidden"], entries.c.ticket_id == target)
        await session.execute(update(entries).where(*held).values(public=True))
    for name, table, key in _parts():
        if moved.get(name):
            held = _held(session, table.c[key], moved[name], table.c.ticket_id == target)
            await session.execute(update(table).where(*held).values(ticket_id=source))
    recipients = moved.get("recipients") or []
    if recipients:
        ids = [each["id"] for each in recipients]
        held = _held(session, _RECIPIENT.c.id, ids, _RECIPIENT.c.ticket_id == target)
        await session.execute(delete(_RECIPIENT).where(*held))
        rows = [{**each, "ticket_id": source} for each in recipients]
        await insert_many(session, _RECIPIENT, rows, ignore_conflicts=True)


def _held(session: AsyncSession, key: Column[Any], ids: list[str], there: Any) -> tuple[Any, ...]:
    return key_in(session, [key], ids), there


async def _new_recipients(session: AsyncSession, source: str, target: str) -> list[dict[str, Any]]:
    """The source's recipients whom the target does not have; who wanted no mail of the one has not
    said so of the other.
    """
    statement = select(_RECIPIENT).where(
        _RECIPIENT.c.ticket_id.in_([source, target]), _RECIPIENT.c.list_name != MUTED
    )
    rows = (await session.execute(statement.order_by(_RECIPIENT.c.id))).all()
    known = {(row.list_name, row.dedupe_key) for row in rows if row.ticket_id == target}
    return [
        dict(row._mapping)
        for row in rows
        if row.ticket_id == source and (row.list_name, row.dedupe_key) not in known
    ]


def _parts() -> Iterator[tuple[str, Table, str]]:
    for part, (table, key) in CARRIED.items():
        yield part, Base.metadata.tables[table], key
