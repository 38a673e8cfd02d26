"""The statements behind a page of tickets. A walk goes along an index in the list's order and
reads a bounded number of tickets, whatever the filter; a gathering finds all that match and sorts
them, for filters that few tickets match.
"""

# ruff: noqa: S608  # values are parameters; all the rest is our own words

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ticket_svc.desk.statuses import Status
from ticket_svc.tickets.columns import COLUMNS, NEIGHBOURS, RANKED
from ticket_svc.views.filters import TIMES, conditions, hints, partial_hints
from ticket_svc.views.paths import CLASSES, Order, Path, order_of
from ticket_svc.views.scope import Scope
from ticket_svc.views.sql import Parameters

# What a row of a walk is: within it, or its end, which fits the filter or does not.
WITHIN, END, END_UNFIT = 0, 1, 2
# Each range of a walk is read so far at least, however many there are.
_LEAST = 100
_KINDS = {"manager_id": "uuid", "account_id": "uuid", "status_class": "text"}
# Written out: a statement without parameters is planned once, one with them may be each time.
_CODES = {code: f"'{code}'" for code in (*CLASSES, *(str(status) for status in Status))}


@dataclass(frozen=True, slots=True)
class Part:
    """`rows` tickets of the list after a cursor."""

    scope: Scope
    after: Sequence[Any] | None
    rows: int
    parameters: Parameters

    @property
    def order(self) -> Order:
        return order_of(self.scope.filter)

    @property
    def keys(self) -> str:
        """What the list is sorted by and its cursors are made of."""
        return ", ".join(f"t.{name}" for name in self.order.keys)


def walk_sql(part: Part, path: Path, budget: int) -> str:
    """The part of the list with the names of neighbours, out of about `budget` tickets at most.

    The last but one column is WITHIN; where a walk came to its end before it had its rows, END or
    END_UNFIT, and rows behind that do not count.
    """
    known, rest = _split(part, path)
    if rest:
        each = share(path, budget)
        walked = _numbered(part, path, known, rest, each)
        rank = f"CASE WHEN w.n < {each} THEN {WITHIN} WHEN w.fits THEN {END} ELSE {END_UNFIT} END"
        leg = f"SELECT w.*, {rank} AS rank FROM ({walked}) w WHERE w.fits OR w.n = {each}"
        page = _merged(part, path, f"{leg} LIMIT {part.rows}", part.rows)
        return _shown(part, _joined(page), RANKED)
    along = _range(part, path, known)
    if len(path.legs) == 1:
        return _shown(part, f"(SELECT * {along} LIMIT {part.rows}) t", COLUMNS)
    page = _merged(part, path, f"SELECT {part.keys} {along} LIMIT {part.rows}", part.rows)
    return _shown(part, _joined(page), COLUMNS)


def walked_sql(part: Part, path: Path, budget: int) -> str:
    """About `budget` tickets of a path after the cursor, in the list's order: their keys, whether
    one `fits` the filter, and `n`, which is share() at the end of a range.
    """
    known, rest = _split(part, path)
    walked = _numbered(part, path, known, rest, share(path, budget))
    return _merged(part, path, walked, budget)


def share(path: Path, budget: int) -> int:
    """How far each range of a path is walked."""
    return max(budget // len(path.legs), _LEAST)


def plain_sql(part: Part) -> str:
    """The part of the list as one would write it: the planner chooses."""
    found = [*after_cursor(part), *conditions(part.scope, part.parameters)]
    found += partial_hints(part.scope.filter)
    order = part.order.by("t")
    page = f"(SELECT * FROM ticket t{_where(found)} ORDER BY {order} LIMIT {part.rows}) t"
    return _shown(part, page, COLUMNS)


def gathering_sql(part: Part) -> str:
    """The keys of all that match, in no order: the planner takes what finds them best."""
    found = [*after_cursor(part), *conditions(part.scope, part.parameters)]
    found += hints(part.scope.filter, part.parameters)
    return f"SELECT {part.keys} FROM ticket t{_where(found)}"


def gathered_sql(part: Part, gathering: str) -> str:
    """The part of the list out of what `gathering` finds."""
    # OFFSET keeps the planner from walking along the order after all.
    page = f"SELECT * FROM ({gathering} OFFSET 0) g ORDER BY {part.order.by('g')} LIMIT {part.rows}"
    return _shown(part, _joined(page), COLUMNS)


def _split(part: Part, path: Path) -> tuple[list[str], list[str]]:
    """What the path is narrowed to, and what has to be looked up in each ticket of it."""
    usual = [] if part.scope.filter.merged else ["t.merged_into_id IS NULL"]
    rest = conditions(part.scope, part.parameters, path.leading, [*path.partial, *usual])
    if rest:
        return list(path.partial), [*usual, *rest]
    return [*path.partial, *usual], []


def _numbered(part: Part, path: Path, known: Sequence[str], rest: Sequence[str], count: int) -> str:
    """The first tickets of one range."""
    fits = " AND ".join(rest) or "true"
    along = f"SELECT * {_range(part, path, known)} LIMIT {count}"
    return f"SELECT {part.keys}, {fits} AS fits, row_number() OVER () AS n FROM ({along}) t"


def _range(part: Part, path: Path, known: Sequence[str]) -> str:
    """One range of the path behind the cursor, from FROM to ORDER BY."""
    if len(path.legs) == 1:
        (leg,) = path.legs
        values = [_CODES.get(value) or part.parameters.add(value) for value in leg]
    else:
        values = [f"leg.{name}" for name in path.leading]
    found = [*_bounds(part, path.leading, values), *known]
    return f"FROM ticket t{_where(found)} ORDER BY {part.order.by('t', path.leading)}"


def _bounds(part: Part, leading: Sequence[str], values: Sequence[str]) -> list[str]:
    """One bound at either end of the range; with a cursor it is the nearer one."""
    order = part.order
    if order.keys[0] != "id":
        # No other index has this order, and the scan of a range ends at a bound of a single column.
        same = [f"t.{name} = {value}" for name, value in zip(leading, values, strict=True)]
        return [*same, *after_cursor(part), *_times(part)]
    near, far = ("<=", ">=") if order.descending else (">=", "<=")
    front, here = ", ".join(f"t.{name}" for name in leading), ", ".join(values)
    found = [f"({front}) {far} ({here})"] if leading else []
    if part.after is not None:
        columns = ", ".join(f"t.{name}" for name in (*leading, *order.keys))
        given = ", ".join((*values, *map(part.parameters.add, part.after)))
        found.append(f"({columns}) {near[0]} ({given})")
    elif leading:
        found.append(f"({front}) {near} ({here})")
    return found


def _times(part: Part) -> list[str]:
    """Where the list is sorted by a time, the filter's bounds of it are the walk's."""
    name = part.order.keys[0]
    return [
        f"{comparison} {part.parameters.add(value)}"
        for key, comparison in TIMES.items()
        if comparison.startswith(f"t.{name} ")
        and (value := getattr(part.scope.filter, key)) is not None
    ]


def _merged(part: Part, path: Path, leg: str, rows: int) -> str:
    """The keys of what all ranges give, in the list's order."""
    if len(path.legs) == 1:
        return leg
    arrays = ", ".join(
        f"{part.parameters.add([each[n] for each in path.legs])}::{_KINDS[name]}[]"
        for n, name in enumerate(path.leading)
    )
    return (
        f"SELECT r.* FROM unnest({arrays}) AS leg({', '.join(path.leading)})"
        f" CROSS JOIN LATERAL ({leg}) r ORDER BY {part.order.by('r')} LIMIT {rows}"
    )


def after_cursor(part: Part) -> list[str]:
    """The cursor as a condition."""
    if part.after is None:
        return []
    given = ", ".join(part.parameters.add(value) for value in part.after)
    return [f"({part.keys}) {'<' if part.order.descending else '>'} ({given})"]


def _joined(page: str) -> str:
    return f"({page}) k JOIN ticket t ON t.id = k.id"


def _shown(part: Part, source: str, columns: dict[bool, str]) -> str:
    postgres = part.parameters.postgres
    order = part.order.by("t")
    return f"SELECT {columns[postgres]} FROM {source} {NEIGHBOURS[postgres]} ORDER BY {order}"


def _where(found: Sequence[str]) -> str:
    return " WHERE " + " AND ".join(found) if found else ""
