"""The statement behind a page of tickets: always a range of an index, as far as one serves.

Values that lead an index are written as bounds of a range, not as equalities: the planner would
take an equality out of the order and then prefer the primary key with a filter, which reads far
more than the page wherever the wanted tickets are not spread evenly. Several leading values are
one range each, merged.
"""

# ruff: noqa: S608  # values are parameters; all the rest is our own words

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ticket_svc.desk.statuses import Status, class_of
from ticket_svc.tickets.columns import COLUMNS, NEIGHBOURS
from ticket_svc.views.schemas import TicketFilter
from ticket_svc.views.scope import Scope
from ticket_svc.views.sql import Parameters

CLASSES = ("open", "closed")
_KINDS = {"manager_id": "uuid", "account_id": "uuid", "status": "text", "status_class": "text"}
# Written out: a statement without parameters is planned once, one with them may be each time.
_CODES = {code: f"'{code}'" for code in (*CLASSES, *(str(status) for status in Status))}
# Filters that need nothing but equality.
_SAME = (
    "asset_id",
    "contact_id",
    "contract_id",
    "priority",
    "type",
    "number",
    "connection_id",
    "remote_ticket_id",
)


@dataclass(frozen=True, slots=True)
class Order:
    """The columns that a page is sorted by; the last one is the id."""

    keys: tuple[str, ...] = ("id",)
    descending: bool = True

    @property
    def direction(self) -> str:
        return "DESC" if self.descending else "ASC"

    def by(self, alias: str, leading: Sequence[str] = ()) -> str:
        """ORDER BY's list."""
        return ", ".join(f"{alias}.{name} {self.direction}" for name in (*leading, *self.keys))


_ORDERS = {
    "inbox_since": Order(("inbox_since", "id")),
    "due_at": Order(("due_at", "id"), descending=False),
    "updated_at": Order(("updated_at", "id")),
}


def order_of(wanted: TicketFilter) -> Order:
    """How the list is sorted; searches by relevance are not made here."""
    return _ORDERS.get(wanted.sort or "newest", Order())


def page_sql(scope: Scope, after: Sequence[Any] | None, rows: int, parameters: Parameters) -> str:
    """The first `rows` of the list after the cursor, with the names of their neighbours."""
    order = order_of(scope.filter)
    leading, legs = legs_of(scope) if parameters.postgres else ((), [])
    if len(legs) > 1:
        page = _merged(scope, order, leading, legs, after, rows, parameters)
        source = f"({page}) k JOIN ticket t ON t.id = k.id"
    else:
        bounds = _bounds(order, leading, _given(leading, legs, parameters), after, parameters)
        where = _where([*bounds, *conditions(scope, parameters, leading)])
        source = f"(SELECT * FROM ticket t{where} ORDER BY {order.by('t', leading)} LIMIT {rows}) t"
    columns, neighbours = COLUMNS[parameters.postgres], NEIGHBOURS[parameters.postgres]
    return f"SELECT {columns} FROM {source} {neighbours} ORDER BY {order.by('t')}"


def legs_of(scope: Scope) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The columns that lead the index to use, and the values of each range of it."""
    wanted = scope.filter
    classes = _classes(wanted)
    if wanted.number is not None or wanted.remote_ticket_id is not None:
        return (), []
    if wanted.sort in ("due_at", "updated_at"):
        return ("status_class",), [(each,) for each in classes]
    if wanted.sort == "inbox_since":
        return (), []
    if scope.accounts is not None:
        return ("account_id", "status_class"), list(product(scope.accounts, classes))
    if scope.managers is not None:
        if wanted.view == "inbox" or wanted.unread:
            return ("manager_id",), [(each,) for each in scope.managers]
        if wanted.view != "dispatcher":
            return ("manager_id", "status_class"), list(product(scope.managers, classes))
    return _by_status(wanted)


def _by_status(wanted: TicketFilter) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    belongs = wanted.asset_id or wanted.contact_id or wanted.contract_id
    if belongs or wanted.view in ("inbox", "dispatcher"):
        return (), []
    if wanted.status is not None:
        return ("status",), [(str(wanted.status),)]
    if wanted.view in CLASSES:
        return ("status_class",), [(wanted.view,)]
    return (), []


def _classes(wanted: TicketFilter) -> tuple[str, ...]:
    if wanted.status is not None:
        return (class_of(wanted.status),)
    return (wanted.view,) if wanted.view in CLASSES else CLASSES


def impossible(wanted: TicketFilter) -> bool:
    """Whether the status is of another class than the view."""
    return (
        wanted.status is not None
        and wanted.view in CLASSES
        and class_of(wanted.status) != wanted.view
    )


def conditions(scope: Scope, parameters: Parameters, leading: Sequence[str] = ()) -> list[str]:
    """Everything of the filter that the leading columns do not say; the ticket is `t`."""
    wanted, add = scope.filter, parameters.add
    found = _flags(wanted)
    for name in _SAME:
        value = getattr(wanted, name)
        if value is not None:
            found.append(f"t.{name} = {add(value)}")
    if scope.managers is not None and "manager_id" not in leading:
        found.append(parameters.any_of("t.manager_id", scope.managers, "uuid"))
    if scope.accounts is not None and "account_id" not in leading:
        found.append(parameters.any_of("t.account_id", scope.accounts, "uuid"))
    if wanted.status is not None and "status" not in leading:
        found.append(f"t.status = {add(str(wanted.status))}")
    elif wanted.view in CLASSES and "status_class" not in leading and wanted.status is None:
        found.append(f"t.status_class = {add(wanted.view)}")
    return found + _times(wanted, parameters)


def _flags(wanted: TicketFilter) -> list[str]:
    found = [] if wanted.merged else ["t.merged_into_id IS NULL"]
    if wanted.view == "inbox":
        found.append("t.in_inbox")
    elif wanted.view == "dispatcher":
        found.append("t.awaits_dispatch")
    if wanted.unread is not None:
        found.append("t.unread" if wanted.unread else "NOT t.unread")
    if wanted.sort == "due_at":
        found.append("t.due_at IS NOT NULL")
    elif wanted.sort == "inbox_since":
        found.append("t.inbox_since IS NOT NULL")
    return found


def _times(wanted: TicketFilter, parameters: Parameters) -> list[str]:
    found = []
    for name, comparison in (
        ("due_after", "t.due_at >="),
        ("due_before", "t.due_at <"),
        ("created_since", "t.created_at >="),
        ("updated_since", "t.updated_at >="),
    ):
        value = getattr(wanted, name)
        if value is not None:
            found.append(f"{comparison} {parameters.add(value)}")
    return found


def _merged(
    scope: Scope,
    order: Order,
    leading: Sequence[str],
    legs: Sequence[tuple[str, ...]],
    after: Sequence[Any] | None,
    rows: int,
    parameters: Parameters,
) -> str:
    """The keys of the page, out of one range for each leg."""
    arrays = ", ".join(
        f"{parameters.add([leg[n] for leg in legs])}::{_KINDS[name]}[]"
        for n, name in enumerate(leading)
    )
    names = [f"leg.{name}" for name in leading]
    bounds = _bounds(order, leading, names, after, parameters)
    where = _where([*bounds, *conditions(scope, parameters, leading)])
    keys = ", ".join(f"t.{name}" for name in order.keys)
    one = f"SELECT {keys} FROM ticket t{where} ORDER BY {order.by('t', leading)} LIMIT {rows}"
    return (
        f"SELECT r.* FROM unnest({arrays}) AS leg({', '.join(leading)})"
        f" CROSS JOIN LATERAL ({one}) r ORDER BY {order.by('r')} LIMIT {rows}"
    )


def _given(
    leading: Sequence[str], legs: Sequence[tuple[str, ...]], parameters: Parameters
) -> list[str]:
    if not leading:
        return []
    return [
        _CODES[value] if value in _CODES else parameters.add(value)
        for value in (str(each) for each in legs[0])
    ]


def _bounds(
    order: Order,
    leading: Sequence[str],
    values: Sequence[str],
    after: Sequence[Any] | None,
    parameters: Parameters,
) -> list[str]:
    """One bound at either end of the range; with a cursor it is the nearer one."""
    front = ", ".join(f"t.{name}" for name in leading)
    here = ", ".join(values)
    near, far = ("<=", ">=") if order.descending else (">=", "<=")
    found = [f"({front}) {far} ({here})"] if leading else []
    if after is not None:
        columns = ", ".join(f"t.{name}" for name in (*leading, *order.keys))
        given = ", ".join((*values, *(parameters.add(value) for value in after)))
        found.append(f"({columns}) {near[0]} ({given})")
    elif leading:
        found.append(f"({front}) {near} ({here})")
    return found


def _where(found: Sequence[str]) -> str:
    return " WHERE " + " AND ".join(found) if found else ""
