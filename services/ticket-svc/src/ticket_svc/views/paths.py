"""Along which index a list is walked: one whose order is the list's own.

Values that lead an index are written as bounds of a range, not as equalities: the planner would
take an equality out of the order and then prefer the primary key with a filter, which reads far
more than the page wherever the wanted tickets are not spread evenly. Several leading values are
one range each, merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from ticket_svc.desk.statuses import class_of
from ticket_svc.views.schemas import TicketFilter
from ticket_svc.views.scope import Scope

CLASSES = ("open", "closed")


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


def by_relevance(wanted: TicketFilter) -> bool:
    """Whether the list is a search in the order of relevance."""
    return bool(wanted.q) and wanted.sort != "newest"


@dataclass(frozen=True, slots=True)
class Path:
    """The columns that lead the index, the values of each range of it, and the conditions of a
    partial index, of which the walk touches nothing else.
    """

    leading: tuple[str, ...] = ()
    legs: tuple[tuple[str, ...], ...] = ((),)
    partial: tuple[str, ...] = ()


def path_of(scope: Scope) -> Path:
    """The most selective index that has the list's order."""
    wanted = scope.filter
    if wanted.sort == "inbox_since":
        return Path(partial=("t.in_inbox", "t.inbox_since IS NOT NULL"))
    if wanted.sort in ("due_at", "updated_at"):
        legs = tuple((each,) for each in _classes(wanted))
        due = ("t.due_at IS NOT NULL",) if wanted.sort == "due_at" else ()
        return Path(("status_class",), legs, due)
    return _by_record(wanted) or _by_people(scope) or _by_view(wanted)


def _by_record(wanted: TicketFilter) -> Path | None:
    for name in ("asset_id", "contact_id", "contract_id"):
        value = getattr(wanted, name)
        if value is not None:
            return Path((name,), ((value,),), (f"t.{name} IS NOT NULL",))
    return None


def _by_people(scope: Scope) -> Path | None:
    wanted, classes = scope.filter, _classes(scope.filter)
    if scope.accounts is not None:
        return Path(("account_id", "status_class"), tuple(product(scope.accounts, classes)))
    if scope.managers is None or wanted.view == "dispatcher":
        return None
    one = tuple((each,) for each in scope.managers)
    if wanted.view == "inbox":
        return Path(("manager_id",), one, ("t.in_inbox",))
    if wanted.unread:
        return Path(("manager_id",), one, ("t.unread",))
    return Path(("manager_id", "status_class"), tuple(product(scope.managers, classes)))


def _by_view(wanted: TicketFilter) -> Path:
    if wanted.view == "inbox":
        return Path(partial=("t.in_inbox",))
    if wanted.view == "dispatcher":
        return Path(partial=("t.awaits_dispatch",))
    if wanted.connection_id is not None:
        return Path(("connection_id",), ((wanted.connection_id,),), ("t.version > 0",))
    if wanted.type:
        return Path(("type",), ((wanted.type,),), ("t.type <> ''",))
    if wanted.priority is not None and wanted.priority != "normal":
        return Path(("priority",), ((wanted.priority,),), ("t.priority <> 'normal'",))
    if wanted.status is not None:
        return Path(("status",), ((str(wanted.status),),))
    if wanted.view in CLASSES:
        return Path(("status_class",), ((wanted.view,),))
    return Path()


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
