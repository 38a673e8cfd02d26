"""A changed field as an entry of the history: old and new value, in words and as data (S2-68)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.tickets.labels import Labels, load_labels
from ticket_svc.tickets.names import is_reference, names_of
from ticket_svc.tickets.records import NewEntry

_WORDS = {
    "due_at": "Due date",
    "closed_at": "Close date",
    "awaits_dispatch": "Waiting for dispatching",
    "custom_fields": "Custom fields",
}
_LABELLED = frozenset({"status", "priority", "type"})
_LONG = frozenset({"description", "custom_fields"})
_NOTHING = "none"


async def audit_entries(
    session: AsyncSession, before: Any, changes: Mapping[str, Any], now: datetime
) -> list[NewEntry]:
    """One entry for each field of `changes`; `before` has the old values as attributes."""
    labels = await load_labels(session) if _LABELLED & changes.keys() else None
    return [
        await _entry(session, name, getattr(before, name), new, labels, now)
        for name, new in changes.items()
    ]


def dispatch_entry(waits: bool, now: datetime) -> NewEntry:
    """The entry about "Waiting for Dispatching" where it comes or goes with the status."""
    data = {"field": "awaits_dispatch", "old": not waits, "new": waits}
    text = f"{_WORDS['awaits_dispatch']}: {_shown(not waits)} → {_shown(waits)}"
    return NewEntry("audit", text, now, data=data)


async def _entry(
    session: AsyncSession, name: str, old: Any, new: Any, labels: Labels | None, now: datetime
) -> NewEntry:
    data = {"field": name, "old": _plain(old), "new": _plain(new)}
    shown = (_shown(old), _shown(new))
    if is_reference(name):
        old_name, new_name = await names_of(session, name, (old, new))
        data |= {"old_name": old_name, "new_name": new_name}
        shown = (old_name or _NOTHING, new_name or _NOTHING)
    elif labels is not None and name in _LABELLED:
        shown = (labels.of(name, old) or _NOTHING, labels.of(name, new) or _NOTHING)
    words = _WORDS.get(name, name.removesuffix("_id").replace("_", " ").capitalize())
    text = f"{words} changed." if name in _LONG else f"{words}: {shown[0]} → {shown[1]}"
    return NewEntry("audit", text, now, data=data)


def _plain(value: Any) -> Any:
    """The value as JSON has it."""
    return value.isoformat() if isinstance(value, datetime) else value


def _shown(value: Any) -> str:
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return str(value)
