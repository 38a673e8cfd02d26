"""The names of those who did what a history tells: ids alone tell nobody much."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.employees.tables import Employee
from ticket_svc.rights.tables import ApiKey
from ticket_svc.tickets.schemas import HistoryItem

_TABLES: dict[str, Table] = {
    "employee": Employee.__table__,  # type: ignore[attr-defined]  # set by SQLModel
    "contact": Contact.__table__,  # type: ignore[attr-defined]
    "account": Account.__table__,  # type: ignore[attr-defined]
    "api_key": ApiKey.__table__,  # type: ignore[attr-defined]
}


async def history_items(session: AsyncSession, rows: Sequence[Any]) -> list[HistoryItem]:
    """Rows of `history_entry` with the names of their actors, in one more statement."""
    names = await names_of_actors(session, {row.actor for row in rows})
    return [_item(row._mapping, names) for row in rows]


async def history_item(session: AsyncSession, entry: Mapping[str, Any]) -> HistoryItem:
    """One entry as it has been written."""
    return _item(entry, await names_of_actors(session, {entry["actor"]}))


async def names_of_actors(session: AsyncSession, actors: Iterable[str]) -> dict[str, str]:
    """Names by actor (`employee:<id>`); an address is its own name, systems have none."""
    names: dict[str, str] = {}
    ids: dict[str, set[str]] = {}
    for actor in actors:
        kind, _, key = actor.partition(":")
        if kind == "address":
            names[actor] = key
        elif kind in _TABLES:
            ids.setdefault(kind, set()).add(key)
    if ids:
        found = [
            select(literal(kind).label("kind"), _TABLES[kind].c.id, _TABLES[kind].c.name).where(
                _TABLES[kind].c.id.in_(sorted(keys))
            )
            for kind, keys in sorted(ids.items())
        ]
        for row in await session.execute(union_all(*found)):
            names[f"{row.kind}:{row.id}"] = row.name
    return names


def _item(entry: Mapping[str, Any], names: Mapping[str, str]) -> HistoryItem:
    fields = {name: entry[name] for name in HistoryItem.model_fields if name != "actor_name"}
    return HistoryItem(**fields, actor_name=names.get(entry["actor"]))
