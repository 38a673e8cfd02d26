"""What a list shows of a ticket, and its rows as JSON objects of `TicketSummary`.

Rows go from the driver to JSON without a model each: a test holds the bytes against the model's
own. The columns come in the order of the model's fields; what belongs into objects inside follows.
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Table, Uuid, column

from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.labels import Labels, labels_of
from ticket_svc.tickets.read_state import envelope
from ticket_svc.tickets.schemas import TicketSummary
from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel

# Fields that are no columns; what is read in their place.
_INSTEAD = {
    "account": "a.name",
    "manager": "e.name",
    "asset": "s.name",
    "remote": "t.remote_ticket_id",
    "status_label": "NULL",
    "priority_label": "NULL",
    "type_label": "NULL",
    "envelope": "NULL",
    "own": "NULL",
    "bold": "NULL",
}
_BEHIND = (
    "account_id",
    "manager_id",
    "asset_id",
    "unread",
    "connection_id",
    "provider",
    "remote_number",
    "remote_url",
    "remote_origin",
    "remote_closed_at",
)
FIELDS = tuple(TicketSummary.model_fields)
_COUNT = len(FIELDS)
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
    fields = [_INSTEAD.get(name) or _shown(name, postgres=postgres) for name in FIELDS]
    behind = [_shown(name, postgres=postgres) for name in _BEHIND]
    return ", ".join([*fields, *behind, "coalesce(e.email1, e.email2)", rank, "l.given"])


# By whether it is PostgreSQL. The rank of what a search found is the last but one.
COLUMNS = {postgres: _columns(postgres=postgres, rank="NULL") for postgres in (False, True)}
RANKED = {postgres: _columns(postgres=postgres, rank="k.rank") for postgres in (False, True)}


def typed() -> list[ColumnElement[Any]]:
    """The columns with their types, for a driver that gives times and flags as text and numbers."""
    names = [*FIELDS, *_BEHIND]
    columns: list[ColumnElement[Any]] = [
        column(f"c{n}") if name in _INSTEAD else column(f"c{n}", _TICKET.c[name].type)
        for n, name in enumerate(names)
    ]
    return [*columns, column("email"), column("rank"), column("settings")]


def labels_in(rows: Sequence[Sequence[Any]]) -> Labels:
    """The labels that the rows carry."""
    given = rows[0][-1] if rows else None
    if given is None or given == "{}":
        return _DEFAULT_LABELS
    return labels_of(DeskSettings.model_validate(orjson.loads(given)))


def items(viewer: Viewer, labels: Labels) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Makes rows objects ready for orjson, as `tickets.presenting.summary` would."""
    me = viewer.principal.id if viewer.principal.kind == "employee" else None

    def item(row: Sequence[Any]) -> dict[str, Any]:
        shown: dict[str, Any] = dict(zip(FIELDS, row, strict=False))
        account_id, manager_id, asset_id, unread, *remote, email, _, _ = row[_COUNT:]
        shown["account"] = {"id": account_id, "name": shown["account"]}
        if shown["manager"] is not None:
            shown["manager"] = {"id": manager_id, "name": shown["manager"], "email": email}
        if shown["asset"] is not None:
            shown["asset"] = {"id": asset_id, "name": shown["asset"]}
        if shown["remote"] is not None:
            shown["remote"] = _twin(shown["remote"], *remote)
        shown["status_label"] = labels.of("status", shown["status"])
        shown["priority_label"] = labels.of("priority", shown["priority"])
        shown["type_label"] = labels.of("type", shown["type"])
        updated = shown["external_update_at"]
        shown["envelope"] = envelope(updated, unread)
        shown["own"] = own = manager_id is not None and manager_id == me
        shown["bold"] = own and updated is not None and unread
        return shown

    return item


def _twin(
    remote_ticket_id: str,
    connection_id: str,
    provider: str,
    number: str | None,
    url: str | None,
    origin: str | None,
    closed_at: Any,
) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "provider": provider,
        "remote_ticket_id": remote_ticket_id,
        "number": number,
        "url": url,
        "origin": origin,
        "closed_at": closed_at,
    }
