"""Tickets and what may happen to them, from the PSA's side and from the console's.

Asymmetry: what the console does is queued for the PSA, what the PSA does is not echoed.
All writes run inside the caller's transaction.
"""

import json
import sqlite3
from typing import Any

from continuum_sim.clock import SimClock, stamp
from continuum_sim.errors import SimError, unknown_ticket
from continuum_sim.models import Actor, AssigneeGroup, CreateCommand, Kind, ReturnReason, TicketSpec
from continuum_sim.queue import UpdateQueue
from continuum_sim.store import Store

SUMMARY_LIMIT = 250
TEXT_LIMIT = 16_000
"""Longer text is cut without a word, as the vendors do; in characters."""

_COLUMNS = (
    "id, number, origin, status, site_id, site_name, device_id, device_name, device,"
    " assignee_group, summary, description, external_ref, url, created_by, created_at"
)
_FIELDS = {
    "ticketId": "id",
    "number": "number",
    "origin": "origin",
    "siteId": "site_id",
    "siteName": "site_name",
    "deviceId": "device_id",
    "deviceName": "device_name",
    "assigneeGroup": "assignee_group",
    "status": "status",
    "summary": "summary",
    "url": "url",
    "externalRef": "external_ref",
}


class Desk:
    """The ticket desk of the simulated RMM."""

    def __init__(self, store: Store, clock: SimClock, queue: UpdateQueue, public_url: str) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._url = public_url.rstrip("/") + "/console/tickets/"

    def raise_tickets(self, specs: list[TicketSpec]) -> list[str]:
        """Raise tickets in the console and queue them; returns their ids."""
        updates = self.record_tickets(specs)
        self._queue.put(updates)
        return [update["ticketId"] for update in updates]

    def record_tickets(self, specs: list[TicketSpec]) -> list[dict[str, Any]]:
        """Store tickets and return their ticket_created updates without queueing them."""
        places = _Places(self._store)
        first = self._store.take_numbers("ticket", len(specs))
        now = self._clock.stamp()
        rows, updates = [], []
        for number, spec in enumerate(specs, start=first):
            row = self._row(spec, number, places, now)
            rows.append(row)
            updates.append(_update("ticket_created", row, row["description"], row["created_at"]))
        self._insert(rows)
        return updates

    def create(self, command: CreateCommand) -> str:
        """Create a ticket for the PSA; nothing is queued. Equal external references are allowed."""
        if command.site_id and not self._exists("site", command.site_id):
            raise SimError(400, "unknown_site", f"There is no site {command.site_id}.")
        if command.device_id and not self._exists("device", command.device_id):
            raise SimError(400, "unknown_device", f"There is no device {command.device_id}.")
        spec = TicketSpec.model_validate(
            {
                "origin": "service_ticket",
                "siteId": command.site_id,
                "deviceId": command.device_id,
                "assigneeGroup": command.assignee_group,
                "summary": command.summary[:SUMMARY_LIMIT],
                "description": command.description[:TEXT_LIMIT],
                "externalRef": command.external_ref,
            }
        )
        number = self._store.take_numbers("ticket")
        row = self._row(spec, number, _Places(self._store), self._clock.stamp())
        self._insert([{**row, "created_by": "psa"}])
        self.add_effect(row["id"], "create", "psa", command.external_ref)
        self.add_note(row["id"], command.note, "psa", command.external_ref)
        return str(row["id"])

    def close(self, ticket_id: str, actor: Actor, note: str | None, ref: str | None) -> None:
        """Close a ticket; 409 already_closed when it is. Only a console close is queued."""
        row = self.get(ticket_id)
        if row["status"] == "closed":
            raise SimError(409, "already_closed", f"Ticket {ticket_id} is closed already.")
        now = self._clock.stamp()
        self._store.execute(
            "UPDATE ticket SET status = 'closed', closed_by = ?, closed_at = ? WHERE id = ?",
            (actor, now, ticket_id),
        )
        self._link(ticket_id, ref)
        self.add_effect(ticket_id, "close", actor, ref)
        self.add_note(ticket_id, note, actor, ref)
        if actor == "console":
            self._queue.put([_update("ticket_closed", self.get(ticket_id), note or "", now)])

    def assign(
        self, ticket_id: str, group: AssigneeGroup, note: str | None, ref: str | None
    ) -> None:
        """Hand an open ticket to a group, for the PSA; 409 ticket_closed otherwise."""
        if self.get(ticket_id)["status"] == "closed":
            raise SimError(409, "ticket_closed", f"Ticket {ticket_id} is closed.")
        self._set_group(ticket_id, group)
        self._link(ticket_id, ref)
        self.add_effect(ticket_id, "assign", "psa", ref)
        self.add_note(ticket_id, note, "psa", ref)

    def hand_back(self, ticket_id: str, reason: ReturnReason, note: str) -> None:
        """NOC or Virtual Service Desk returns an open ticket to the partner (S1-72)."""
        if self.get(ticket_id)["status"] == "closed":
            raise SimError(409, "ticket_closed", f"Ticket {ticket_id} is closed.")
        self._set_group(ticket_id, "partner")
        self.add_effect(ticket_id, "return", "console", None)
        self.add_note(ticket_id, note, "console", None)
        update = _update("ticket_returned", self.get(ticket_id), note, self._clock.stamp())
        self._queue.put([{**update, "reason": reason}])

    def write_note(self, ticket_id: str, text: str, actor: Actor, ref: str | None) -> None:
        """Append a note (S1-78), also to a closed ticket. Only a console note is queued."""
        row = self.get(ticket_id)
        self._link(ticket_id, ref)
        self.add_note(ticket_id, text, actor, ref)
        if actor == "console":
            self._queue.put([_update("note_added", row, text, self._clock.stamp())])

    def get(self, ticket_id: str) -> sqlite3.Row:
        """Return the ticket's row or raise 404 unknown_ticket."""
        row = self._store.row("SELECT * FROM ticket WHERE id = ?", (ticket_id,))
        if row is None:
            raise unknown_ticket(ticket_id)
        return row

    def view(self, ticket_id: str) -> dict[str, Any]:
        """Return the ticket as the wire shows it, with its notes."""
        row = self.get(ticket_id)
        notes = self._store.rows(
            "SELECT id AS noteId, author, at, text, external_ref AS externalRef FROM note"
            " WHERE ticket_id = ? ORDER BY id",
            (ticket_id,),
        )
        return {
            **{field: row[column] for field, column in _FIELDS.items()},
            "device": json.loads(row["device"]) if row["device"] else None,
            "description": row["description"],
            "createdBy": row["created_by"],
            "createdAt": row["created_at"],
            "closedBy": row["closed_by"],
            "closedAt": row["closed_at"],
            "notes": [dict(note) for note in notes],
        }

    def find(self, external_ref: str) -> list[dict[str, Any]]:
        """Return all tickets with an external reference, oldest first."""
        rows = self._store.rows(
            "SELECT id FROM ticket WHERE external_ref = ? ORDER BY rowid", (external_ref,)
        )
        return [self.view(row["id"]) for row in rows]

    def add_effect(self, ticket_id: str, kind: str, actor: Actor, ref: str | None) -> None:
        """Add to the ledger of effects, which is never pruned."""
        self._store.execute(
            "INSERT INTO effect (ticket_id, kind, actor, at, external_ref) VALUES (?, ?, ?, ?, ?)",
            (ticket_id, kind, actor, self._clock.stamp(), ref),
        )

    def add_note(self, ticket_id: str, text: str | None, actor: Actor, ref: str | None) -> None:
        """Append a note if there is text."""
        if not text:
            return
        self._store.execute(
            "INSERT INTO note (ticket_id, author, at, text, external_ref) VALUES (?, ?, ?, ?, ?)",
            (ticket_id, actor, self._clock.stamp(), text[:TEXT_LIMIT], ref),
        )
        self.add_effect(ticket_id, "note", actor, ref)

    def _set_group(self, ticket_id: str, group: AssigneeGroup) -> None:
        self._store.execute("UPDATE ticket SET assignee_group = ? WHERE id = ?", (group, ticket_id))

    def _link(self, ticket_id: str, ref: str | None) -> None:
        # The first reference that the PSA names stays; later ones belong to single commands.
        self._store.execute(
            "UPDATE ticket SET external_ref = coalesce(external_ref, ?) WHERE id = ?",
            (ref, ticket_id),
        )

    def _exists(self, table: str, key: str) -> bool:
        sql = {
            "site": "SELECT 1 FROM site WHERE id = ?",
            "device": "SELECT 1 FROM device WHERE id = ?",
        }[table]
        return self._store.value(sql, (key,)) is not None

    def _row(self, spec: TicketSpec, number: int, places: "_Places", now: str) -> dict[str, Any]:
        device = places.device(spec.device_id)
        given = spec.device.model_dump(by_alias=True, exclude_defaults=True) if spec.device else {}
        site_id = spec.site_id or device.get("siteId")
        details = {**device, **given}
        ticket_id = spec.ticket_id or f"CT{number:07d}"
        return {
            "id": ticket_id,
            "number": str(1_000_000 + number),
            "origin": spec.origin,
            "status": "open",
            "site_id": site_id,
            "site_name": spec.site_name or places.site_name(site_id),
            "device_id": spec.device_id,
            "device_name": spec.device_name or details.get("name"),
            "device": json.dumps(details, ensure_ascii=False) if details else None,
            "assignee_group": spec.assignee_group,
            "summary": spec.summary,
            "description": spec.description,
            "external_ref": spec.external_ref,
            "url": self._url + ticket_id,
            "created_by": "console",
            "created_at": stamp(spec.occurred_at) if spec.occurred_at else now,
        }

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        try:
            self._store.execute_many(
                f"INSERT INTO ticket ({_COLUMNS}) VALUES"  # noqa: S608 - a constant of this module
                " (:id, :number, :origin, :status, :site_id, :site_name, :device_id, :device_name,"
                " :device, :assignee_group, :summary, :description, :external_ref, :url,"
                " :created_by, :created_at)",
                rows,
            )
        except sqlite3.IntegrityError as error:
            raise SimError(409, "ticket_exists", "A ticket with that id exists.") from error


class _Places:
    """Sites and devices looked up once per bulk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sites: dict[str, str | None] = {}
        self._devices: dict[str, dict[str, Any]] = {}

    def site_name(self, site_id: str | None) -> str | None:
        if site_id is None:
            return None
        if site_id not in self._sites:
            self._sites[site_id] = self._store.value(
                "SELECT name FROM site WHERE id = ?", (site_id,)
            )
        return self._sites[site_id]

    def device(self, device_id: str | None) -> dict[str, Any]:
        if device_id is None:
            return {}
        if device_id not in self._devices:
            data = self._store.value("SELECT data FROM device WHERE id = ?", (device_id,))
            self._devices[device_id] = json.loads(data) if data else {}
        return self._devices[device_id]


def _update(
    kind: Kind, row: sqlite3.Row | dict[str, Any], text: str, occurred_at: str
) -> dict[str, Any]:
    """Make a queue item; `text` is the description, or the note for any other kind."""
    fields = {field: row[column] for field, column in _FIELDS.items()}
    fields["device"] = json.loads(row["device"]) if row["device"] else None
    return {
        "kind": kind,
        **{field: value for field, value in fields.items() if value is not None},
        "description": text,
        "occurredAt": occurred_at,
    }
