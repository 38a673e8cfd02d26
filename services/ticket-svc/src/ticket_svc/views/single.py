"""One ticket as JSON, with everything but its history, in one statement on PostgreSQL.

It is what `tickets.reading.read_ticket` gives, without a model for each part: a test holds the
bytes against the model's own. SQLite, which has no round trips to save, takes the plain way.
"""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from patchbay_kit.db import Database
from patchbay_kit.db.reading import fetch
from patchbay_kit.errors import ProblemError, not_found
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.columns import COLUMNS, NEIGHBOURS, SHOWN, items, labels_in
from ticket_svc.tickets.merged import without_hidden_targets
from ticket_svc.tickets.muting import MUTED
from ticket_svc.tickets.people import ACCOUNT_MANAGER, TICKET_MANAGER
from ticket_svc.tickets.reading import read_ticket
from ticket_svc.tickets.timing import left_status, time_to_resolution
from ticket_svc.views.filters import conditions
from ticket_svc.views.schemas import TicketFilter
from ticket_svc.views.scope import scope_of
from ticket_svc.views.sql import Parameters

# ruff: noqa: S608  # values are parameters; all the rest is our own words

_NUMBER = re.compile(r"[0-9]{4}-[0-9]{4}")
_ANY = TicketFilter(merged=True)
_EXTERNAL = "r.list_name = 'external'"
# The employee behind a row: named by it, or whoever holds its role now (S2-126).
_PERSON = (
    f"p.id = CASE r.role WHEN '{TICKET_MANAGER}' THEN t.manager_id"
    f" WHEN '{ACCOUNT_MANAGER}' THEN a.manager_id ELSE r.employee_id END AND p.active"
    " AND NOT EXISTS (SELECT FROM recipient m WHERE m.ticket_id = r.ticket_id"
    f" AND m.list_name = '{MUTED}' AND m.employee_id = p.id)"
)
_RECIPIENTS = (
    "SELECT json_agg(json_build_object('id', r.id, 'list_name', r.list_name, 'place', r.place,"
    " 'role', r.role, 'employee_id', r.employee_id, 'contact_id', r.contact_id,"
    f" 'name', CASE WHEN {_EXTERNAL} THEN r.name ELSE coalesce(p.name, '') END,"
    f" 'email', CASE WHEN {_EXTERNAL} THEN r.email ELSE coalesce(p.email1, p.email2) END)"
    f" ORDER BY r.id)::text FROM recipient r LEFT JOIN employee p ON {_PERSON}"
    f" WHERE r.ticket_id = t.id AND r.list_name <> '{MUTED}'"
)
_MORE = (
    "t.description, t.contact_id::text, c.name, coalesce(c.email1, c.email2), t.contract_id::text,"
    " k.name, t.custom_fields::text, t.status_since, t.seconds_in_status::text"
)
_PARTS = (
    f"{NEIGHBOURS[True]} LEFT JOIN contact c ON c.id = t.contact_id"
    " LEFT JOIN contract k ON k.id = t.contract_id"
)


async def ticket_json(db: Database, viewer: Viewer, key: str, now: datetime) -> tuple[bytes, int]:
    """`TicketView` as JSON, and the version; 404 for those who may not see it.

    `key` is an id or a number; the ticket's status has run until `now`.
    """
    if not db.is_postgres:
        async with db.read() as session:
            view = await read_ticket(session, key, viewer, now=now)
        return view.model_dump_json().encode(), view.version
    parameters = Parameters(postgres=True)
    where = [_named(key, parameters), *conditions(scope_of(viewer, _ANY), parameters)]
    recipients = f"{_RECIPIENTS} AND {_EXTERNAL}" if viewer.public_only else _RECIPIENTS
    sql = (
        f"SELECT {COLUMNS[True]}, {_MORE}, ({recipients}) FROM ticket t {_PARTS}"
        f" WHERE {' AND '.join(where)}"
    )
    rows = await fetch(db.engine, sql, parameters.values)
    if not rows:
        raise _unknown(key)
    shown = _view(viewer, rows[0], now)
    await without_hidden_targets(db, viewer, [shown])
    return orjson.dumps(shown, option=orjson.OPT_UTC_Z), shown["version"]


def _view(viewer: Viewer, row: Any, now: datetime) -> dict[str, Any]:
    front = row[:SHOWN]
    description, contact_id, contact, email, contract_id, contract, *kept = row[SHOWN:]
    custom, since, spent, recipients = kept
    shown = items(viewer, labels_in([front]))(front)
    since = since or shown["created_at"]
    person = {"id": contact_id, "name": contact, "email": email}
    return {
        **shown,
        "description": description,
        "contact": None if contact is None else person,
        "contract": None if contract is None else {"id": contract_id, "name": contract},
        "custom_fields": orjson.loads(custom),
        "status_since": since,
        "time_in_status": left_status(orjson.loads(spent), shown["status"], since, now),
        "time_to_resolution": time_to_resolution(shown["created_at"], shown["closed_at"]),
        "recipients": orjson.loads(recipients) if recipients else [],
    }


def _named(key: str, parameters: Parameters) -> str:
    if _NUMBER.fullmatch(key):
        return f"t.number = {parameters.add(key)}"
    try:
        return f"t.id = {parameters.add(str(UUID(key)))}"
    except ValueError:
        raise _unknown(key) from None


def _unknown(key: str) -> ProblemError:
    return not_found("ticket", key[:64])
