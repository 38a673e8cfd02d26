"""The answer to who opened a ticket, made of what was read and written for it: a test holds it
against the ticket read back.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.columns import front, items
from ticket_svc.tickets.labels import labels_of
from ticket_svc.tickets.opening import NewTicket
from ticket_svc.tickets.people import ACCOUNT_MANAGER, TICKET_MANAGER
from ticket_svc.tickets.surroundings import Found, Surroundings
from ticket_svc.tickets.timing import left_status, time_to_resolution


def created_view(
    viewer: Viewer,
    ticket: NewTicket,
    row: Mapping[str, Any],
    recipients: Sequence[Mapping[str, Any]],
    around: Surroundings,
) -> dict[str, Any]:
    """The new ticket as `TicketView`; `row` and `recipients` are what is written of it."""
    known = around.by_kind
    manager = known.get("manager") or known.get("account_manager") or known.get("default_manager")
    asset, contact = known.get("asset"), known.get("contact")
    contract = known.get("contract") or known.get("default_contract")
    shown = items(viewer, labels_of(around.settings))(
        front(row, ticket.account_name, manager, asset.name if asset else None)
    )
    since, status = row["created_at"], row["status"]
    person = contact and {"id": contact.id, "name": contact.name, "email": contact.email}
    return {
        **shown,
        "description": row["description"],
        "contact": person,
        "contract": contract and {"id": contract.id, "name": contract.name},
        "custom_fields": row["custom_fields"],
        "status_since": since,
        "time_in_status": left_status({}, status, since, since),
        "time_to_resolution": time_to_resolution(since, row["closed_at"]),
        "recipients": _recipients(viewer, recipients, around, manager),
    }


def _recipients(
    viewer: Viewer, rows: Sequence[Mapping[str, Any]], around: Surroundings, manager: Found | None
) -> list[dict[str, Any]]:
    """Both lists as `RecipientView`, with the employee behind each. One person is once on a list:
    the first row is kept, as the database keeps it (S2-138).
    """
    roles = {TICKET_MANAGER: manager, ACCOUNT_MANAGER: around.by_kind.get("account_manager")}
    people = {each.id: each for each in around.readers}
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        shown = {name: row[name] for name in _SHOWN}
        if row["list_name"] != "external":
            if viewer.public_only:
                continue
            person = roles.get(row["role"]) if row["role"] else people.get(row["employee_id"])
            shown["name"], shown["email"] = (person.name, person.email) if person else ("", None)
        kept.setdefault((row["list_name"], row["dedupe_key"]), shown)
    return list(kept.values())


_SHOWN = ("id", "list_name", "place", "role", "employee_id", "contact_id", "name", "email")
