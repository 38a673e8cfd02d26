"""Rows of tickets as the API shows them to one viewer."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.labels import Labels
from ticket_svc.tickets.read_state import envelope
from ticket_svc.tickets.recipient_schemas import RecipientView
from ticket_svc.tickets.schemas import Named, Person, RemoteTwin, TicketSummary, TicketView
from ticket_svc.tickets.timing import left_status, time_to_resolution


def summary(row: Any, viewer: Viewer, labels: Labels) -> TicketSummary:
    """A ticket in a list; `row` has the columns of `ticket` and its neighbours' names. Lists write
    the same by hand; a test holds them to this.
    """
    return TicketSummary(**summary_fields(row, viewer, labels))


def ticket_view(
    row: Row[Any], recipients: list[Row[Any]], viewer: Viewer, labels: Labels, now: datetime
) -> TicketView:
    """A ticket with everything but its history. Customers see no employees among its recipients."""
    shown = [each for each in recipients if not viewer.public_only or each.list_name == "external"]
    since = row.status_since or row.created_at
    return TicketView(
        **summary_fields(row, viewer, labels),
        description=row.description,
        contact=_person(row.contact_id, row.contact_name, row.contact_email),
        contract=_named(row.contract_id, row.contract_name),
        custom_fields=row.custom_fields,
        status_since=since,
        time_in_status=left_status(row.seconds_in_status, row.status, since, now),
        time_to_resolution=time_to_resolution(row.created_at, row.closed_at),
        recipients=[recipient_view(each) for each in shown],
    )


def summary_fields(row: Any, viewer: Viewer, labels: Labels) -> dict[str, Any]:
    """The members of `TicketSummary`."""
    own = viewer.principal.kind == "employee" and row.manager_id == viewer.principal.id
    return {name: getattr(row, name) for name in _PLAIN} | {
        "account": Named(id=row.account_id, name=row.account_name),
        "manager": _person(row.manager_id, row.manager_name, row.manager_email),
        "asset": _named(row.asset_id, row.asset_name),
        "remote": _twin(row),
        "status_label": labels.of("status", row.status),
        "priority_label": labels.of("priority", row.priority),
        "type_label": labels.of("type", row.type),
        "envelope": envelope(row.external_update_at, row.unread),
        "own": own,
        "bold": own and row.external_update_at is not None and row.unread,
    }


_MADE = frozenset(
    {"account", "manager", "asset", "remote", "status_label", "priority_label", "type_label"}
    | {"envelope", "own", "bold"}
)
_PLAIN = tuple(name for name in TicketSummary.model_fields if name not in _MADE)


def recipient_view(row: Row[Any]) -> RecipientView:
    """A row of `repository.recipients_of`."""
    external = row.list_name == "external"
    return RecipientView(
        id=row.id,
        list_name=row.list_name,
        place=row.place,
        role=row.role,
        employee_id=row.employee_id,
        contact_id=row.contact_id,
        name=row.name if external else (row.person_name or ""),
        email=row.email if external else row.person_email,
    )


def _person(person_id: str | None, name: str | None, email: str | None) -> Person | None:
    if person_id is None or name is None:
        return None
    return Person(id=person_id, name=name, email=email)


def _named(record_id: str | None, name: str | None) -> Named | None:
    if record_id is None or name is None:
        return None
    return Named(id=record_id, name=name)


def _twin(row: Any) -> RemoteTwin | None:
    if row.remote_ticket_id is None:
        return None
    return RemoteTwin(
        connection_id=row.connection_id,
        provider=row.provider,
        remote_ticket_id=row.remote_ticket_id,
        number=row.remote_number,
        url=row.remote_url,
        origin=row.remote_origin,
        closed_at=row.remote_closed_at,
    )
