"""Rows of a ticket's history and decisions, made in one place for every way of writing them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from patchbay_contracts import Channel, Reason
from patchbay_kit.ids import new_id

# What an entry is about. `audit` is a change of the ticket itself.
Kind = Literal[
    "audit",
    "note",
    "email",
    "appointment",
    "task",
    "charge",
    "message",
    "document",
    "remote_created",
    "remote_note",
    "remote_closed",
    "device_details",
]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A history entry to be written."""

    kind: Kind
    text: str
    occurred_at: datetime
    public: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    mail_id: str | None = None


def history_row(
    ticket_id: str, entry: NewEntry, *, actor: str, channel: Channel, now: datetime
) -> dict[str, Any]:
    """The entry as a row of `history_entry`."""
    return {
        "id": new_id(),
        "ticket_id": ticket_id,
        "kind": entry.kind,
        "public": entry.public,
        "actor": actor,
        "channel": str(channel),
        "text": entry.text,
        "data": entry.data,
        "mail_id": entry.mail_id,
        "occurred_at": entry.occurred_at,
        "recorded_at": now,
    }


def reasons_json(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """Reasons as they are stored: by hand, since a batch of tickets holds hundreds of them."""
    return [{"code": reason.code, "params": reason.params} for reason in reasons]


def decision_row(
    ticket_id: str,
    about: str,
    reasons: Sequence[Reason],
    *,
    actor: str,
    event_id: str | None,
    now: datetime,
) -> dict[str, Any]:
    """A decision as a row of `decision`."""
    return {
        "id": new_id(),
        "ticket_id": ticket_id,
        "about": about,
        "event_id": event_id,
        "actor": actor,
        "reasons": reasons_json(reasons),
        "decided_at": now,
    }
