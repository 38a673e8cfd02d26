"""What a field of some name and type may look like."""

import re
from collections.abc import Mapping
from typing import Any

RECORD_ID = "0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c01"
_FORMATS = {
    "date-time": "2026-11-20T08:00:00Z",
    "date": "2026-11-20",
    "password": "correct horse battery staple",
    "binary": "",
    "uuid": RECORD_ID,
}
# Two that belong together.
_TIMES = {
    "starts_at": "2026-11-23T08:00:00Z",
    "ends_at": "2026-11-23T10:00:00Z",
    "starts_on": "2026-01-01",
    "ends_on": "2026-12-31",
}
# The first that fits the whole name.
_NAMES: tuple[tuple[str, str], ...] = (
    (r"id|.*_id|ids|.*_ids|technician", RECORD_ID),
    (r".*_at|since|until|from|.*_from|.*_until", "2026-11-20T08:00:00Z"),
    (r".*_on|day", "2026-11-20"),
    (r".*(email|address|mailbox)\d?|sender|to|cc|bcc|username", "ann@acme.example"),
    (r"domain", "acme.example"),
    (r"mailed_to|recipient", "ann@acme.example"),
    (r"host", "imap.msp.example"),
    (r".*phone|fax", "+1 555 0100"),
    (r".*url|website", "https://acme.example"),
    (r"(.*_)?number", "1000-1002"),
    (r"(.*_)?account_name|account|client_name", "ACME"),
    (r"asset_name|(.*_)?device_name|hostname", "SRV-01"),
    (r"(.*_)?(site|location)_name", "ACME head office"),
    (r"contract_name", "Support 2026"),
    (r"quantity", "1.5"),
    (r"unit_price|(.*_)?amount", "120.00"),
    (r"(effective_)?permission|scope", "desk"),
    (r"next_cursor", "WyIwMTk5YzhhMCJd.3q2-7w"),
    (r"(access_)?token|key|idempotency_key", "0199c8a06a2f7c3e9d412f6f5b7a1c0e"),
    (r"meaning", "A customer or a program updated the ticket: it went into the Inbox."),
    (r"remedy", "Read it, and remove it from the Inbox."),
    (r"may_change", "priority"),
    (r"about", "ticket.updated"),
    (r"field", "/email1"),
    (r"(.*_)?(type_)?kind", "note"),
    (r"manufacturer", "Example Computers"),
    (r"model", "T-1000"),
    (r"department_name", "Sales"),
    (r"group_name", "Technicians"),
    (r"savedview_name", "Waiting for me"),
    (r"(mailbox|connection)_name", "Support"),
    (r"(document|attachment|file)_name|filename", "photo.jpg"),
    (r"status_label", "In Progress"),
    (r"priority_label", "Normal"),
    (r"type", "incident"),
    (r"type_label", "Incident"),
    (r"origin", "alert"),
    (r"role", "ticket_manager"),
    (r"code", "inbox.external_update"),
    (r"content_type|media_type", "image/jpeg"),
    (r"inbox_awaiting", "info_needed"),
    (r".*name|manager|holder|person|label", "Ann Example"),
    (r"subject|summary|title", "The printer does not print"),
    (
        r"description|text|.*_note|body|detail|message",
        "It has not printed since this morning.",
    ),
    (r"note", "Call before you come."),
    (r"street", "1 Main Street"),
    (r"city", "Springfield"),
    (r"region", "Illinois"),
    (r"postal_code", "62701"),
    (r"country", "US"),
    (r"status", "in_progress"),
    (r"status_class", "open"),
    (r"priority", "normal"),
    (r"provider", "continuum"),
    (r"channel", "employee"),
    (r"actor|.*_by", f"employee:{RECORD_ID}"),
    (r"service", "ticket-svc"),
    (r"language", "en"),
)
_PARENTS = re.compile(
    r"account|asset|contact|device|site|location|contract|department|group|savedview|mailbox|"
    r"connection|document|employee|person|manager|recipient"
)
# What most records do not have.
_UNUSUAL = re.compile(
    r"email2|merged_into_id|continued_in|inbox_awaiting|archived_at|closed_at|done_at|revoked_at|discarded_at|deleted_at|expires_at|.*error(_at)?|undone_.*"
)
_INTEGERS = {
    "version": 3,
    "port": 993,
    "status": 200,
    "size": 48213,
    "minutes": 90,
    "billable_minutes": 90,
    "block_minutes": 2400,
    "used_minutes": 600,
    "remaining_minutes": 1800,
    "time_to_resolution": 5400,
}


def full_name(name: str, parent: str) -> str:
    """The name of the field `name` in a record or model that is called `parent`."""
    found = _PARENTS.findall(parent.lower())
    return f"{found[-1]}_name" if name == "name" and found else name


def is_unusual(name: str) -> bool:
    """Whether the field is shown as null where it may be."""
    return _UNUSUAL.fullmatch(name) is not None


def named_value(name: str, kind: str, schema: Mapping[str, Any]) -> Any:
    """A value of the JSON type `kind` within the bounds that the schema sets."""
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return _number(name, schema)
    if kind == "null":
        return None
    return _text(name, schema)


def _number(name: str, schema: Mapping[str, Any]) -> Any:
    value = _INTEGERS.get(name, 1)
    least, most = schema.get("minimum", value), schema.get("maximum", value)
    if "exclusiveMinimum" in schema:
        least = schema["exclusiveMinimum"] + 1
    return min(max(value, least), most)


def _text(name: str, schema: Mapping[str, Any]) -> str:
    if name in _TIMES:
        return _TIMES[name]
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    for pattern, value in _NAMES:
        if re.fullmatch(pattern, name):
            return value
    return name.replace("_", " ") or "text"
