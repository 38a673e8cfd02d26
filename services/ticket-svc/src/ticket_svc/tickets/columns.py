"""What a list shows of a ticket, and its rows as JSON objects of `TicketSummary`.

Rows go from the driver to JSON without a model each: a test holds the bytes against the model's
own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Table, Uuid, column

from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.labels import Labels, labels_of
from ticket_svc.tickets.read_state import envelope
from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel

# In the order in which `items` takes them.
_TICKETS = (
    "id",
    "number",
    "subject",
    "status",
    "status_class",
    "priority",
    "type",
    "due_at",
    "awaits_dispatch",
    "channel",
    "in_inbox",
    "inbox_since",
    "inbox_awaiting",
    "unread",
    "external_update_at",
    "merged_into_id",
    "occurred_at",
    "created_at",
    "updated_at",
    "closed_at",
    "version",
    "account_id",
    "manager_id",
    "asset_id",
    "connection_id",
    "provider",
    "remote_ticket_id",
    "remote_number",
    "remote_url",
    "remote_origin",
    "remote_closed_at",
)
_BESIDE = ("a.name", "e.name", "coalesce(e.email1, e.email2)", "s.name")
_LABELS = "WHERE name IN ('status_labels', 'priority_labels', 'ticket_types')"
_SETTINGS = {
    True: f"SELECT json_object_agg(name, value)::text AS given FROM desk_setting {_LABELS}",  # noqa: S608  # constants
    False: f"SELECT json_group_object(name, json(value)) AS given FROM desk_setting {_LABELS}",  # noqa: S608
}
# By whether it is PostgreSQL. The labels come with the rows, and cost no round trip of their own;
# mostly nobody has renamed any, and there is nothing to carry.
NEIGHBOURS = {
    postgres: "JOIN account a ON a.id = t.account_id LEFT JOIN asset s ON s.id = t.asset_id"
    f" LEFT JOIN employee e ON e.id = t.manager_id CROSS JOIN ({settings}) l"
    for postgres, settings in _SETTINGS.items()
}
_DEFAULT_LABELS = labels_of(DeskSettings())


def _shown(name: str, *, postgres: bool) -> str:
    of_id = postgres and isinstance(_TICKET.c[name].type, Uuid)
    return f"t.{name}::text" if of_id else f"t.{name}"


def _columns(*, postgres: bool, rank: str) -> str:
    of_ticket = [_shown(name, postgres=postgres) for name in _TICKETS]
    return ", ".join([*of_ticket, *_BESIDE, rank, "l.given"])


# How many that is, with the rank and the labels.
SHOWN = len(_TICKETS) + len(_BESIDE) + 2
# By whether it is PostgreSQL. The rank of what a search found is the last but one.
COLUMNS = {postgres: _columns(postgres=postgres, rank="NULL") for postgres in (False, True)}
RANKED = {postgres: _columns(postgres=postgres, rank="k.rank") for postgres in (False, True)}


def front(row: Mapping[str, Any], account: str, manager: Any, asset: str | None) -> tuple[Any, ...]:
    """A ticket that was written just now, as `items` takes it; `manager` has a name and an email.

    What the row does not name is empty.
    """
    beside = (account, manager and manager.name, manager and manager.email, asset)
    return (*(row.get(name) for name in _TICKETS), *beside, None, None)


def typed() -> list[ColumnElement[Any]]:
    """The columns with their types, for a driver that gives times and flags as text and numbers."""
    of_ticket: list[ColumnElement[Any]] = [column(name, _TICKET.c[name].type) for name in _TICKETS]
    return [*of_ticket, *(column(f"beside{n}") for n in range(len(_BESIDE) + 2))]


def labels_in(rows: Sequence[Sequence[Any]]) -> Labels:
    """The labels that the rows carry."""
    given = rows[0][-1] if rows else None
    if given is None or given == "{}":
        return _DEFAULT_LABELS
    return labels_of(DeskSettings.model_validate(orjson.loads(given)))


def items(viewer: Viewer, labels: Labels) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Makes rows objects ready for orjson, as `tickets.presenting.summary` would.

    Written out, for it runs fifty times a page: a loop over the fields takes three times as long.
    """
    me = viewer.principal.id if viewer.principal.kind == "employee" else None
    statuses, priorities, types = labels.status, labels.priority, labels.type

    # fmt: off
    def item(row: Sequence[Any]) -> dict[str, Any]:
        (
            ticket_id, number, subject, status, status_class, priority, type_, due_at,
            awaits_dispatch, channel, in_inbox, inbox_since, inbox_awaiting, unread,
            external_update_at, merged_into_id, occurred_at, created_at, updated_at, closed_at,
            version, account_id, manager_id, asset_id, connection_id, provider, remote_ticket_id,
            remote_number, remote_url, remote_origin, remote_closed_at,
            account, manager, email, asset, _rank, _labels,
        ) = row
        own = me is not None and manager_id == me
        return {
            "id": ticket_id,
            "number": number,
            "subject": subject,
            "status": status,
            "status_label": statuses.get(status, status),
            "status_class": status_class,
            "priority": priority,
            "priority_label": priorities.get(priority, priority),
            "type": type_,
            "type_label": types.get(type_, type_),
            "due_at": due_at,
            "awaits_dispatch": awaits_dispatch,
            "channel": channel,
            "account": {"id": account_id, "name": account},
            "manager": None if manager is None else {
                "id": manager_id, "name": manager, "email": email,
            },
            "asset": None if asset is None else {"id": asset_id, "name": asset},
            "remote": None if remote_ticket_id is None else {
                "connection_id": connection_id, "provider": provider,
                "remote_ticket_id": remote_ticket_id, "number": remote_number,
                "url": remote_url, "origin": remote_origin, "closed_at": remote_closed_at,
            },
            "in_inbox": in_inbox,
            "inbox_since": inbox_since,
            "inbox_awaiting": inbox_awaiting,
            "envelope": envelope(external_update_at, unread),
            "own": own,
            "bold": own and external_update_at is not None and unread,
            "external_update_at": external_update_at,
            "merged_into_id": merged_into_id,
            "occurred_at": occurred_at,
            "created_at": created_at,
            "updated_at": updated_at,
            "closed_at": closed_at,
            "version": version,
        }
    # fmt: on

    return item
