"""The rows of a page, by whichever way reads few tickets: none reads more than some thousands.

A list is walked along an index for a while; where that does not fill the page, all that match are
gathered, if the statistics say that they are few; else the walk goes on, and the page ends where it
ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from patchbay_kit.db import Database
from patchbay_kit.db.reading import fetch
from ticket_svc.tickets.columns import typed
from ticket_svc.views import estimating, statements
from ticket_svc.views.filters import oldest_id
from ticket_svc.views.paths import path_of
from ticket_svc.views.scope import Scope
from ticket_svc.views.sql import Parameters
from ticket_svc.views.statements import END, END_UNFIT, Part

_SHORT_WALK = 2_000
_LONG_WALK = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a page. `end` is the row that a walk ended at, where there may be more."""

    rows: Sequence[Any]
    end: Sequence[Any] | None = None


async def listed_tickets(
    db: Database, scope: Scope, after: Sequence[Any] | None, rows: int
) -> Found:
    """The list's next `rows` after the cursor."""

    def part() -> Part:
        return Part(scope, after, rows, Parameters(postgres=db.is_postgres))

    wanted = scope.filter
    if not db.is_postgres or wanted.number is not None or wanted.remote_ticket_id is not None:
        plain = part()
        return Found(await run(db, statements.plain_sql(plain), plain.parameters))
    found = await _walk(db, part(), _SHORT_WALK)
    if found.end is None:
        return found
    return await _gather(db, part()) or await _walk(db, part(), _LONG_WALK)


async def _walk(db: Database, part: Part, budget: int) -> Found:
    sql = statements.walk_sql(part, path_of(part.scope), budget)
    return up_to_end(part, await run(db, sql, part.parameters))


def up_to_end(part: Part, rows: Sequence[Any]) -> Found:
    """The rows of a walk, and where it ended if that was before it had all rows."""
    for n, row in enumerate(rows):
        if row[-2] in (END, END_UNFIT):
            kept = rows[: n + (row[-2] == END)]
            more = len(kept) < part.rows and not _older(part, row)
            return Found(kept, row if more else None)
    return Found(rows)


def _older(part: Part, row: Sequence[Any]) -> bool:
    """Whether what follows is too old for the filter."""
    oldest = oldest_id(part.scope.filter.created_since)
    return oldest is not None and part.order.keys == ("id",) and str(row[0]) < oldest


async def _gather(db: Database, part: Part) -> Found | None:
    """None where too many match."""
    gathering = statements.gathering_sql(part)
    if not (await estimating.expect(db.engine, gathering, part.parameters)).cheap:
        return None
    sql = statements.gathered_sql(part, gathering)
    # Just these values are few; with others another index would be better.
    return Found(await run(db, sql, part.parameters, planned_anew=True))


async def run(
    db: Database, sql: str, parameters: Parameters, *, planned_anew: bool = False
) -> Sequence[Any]:
    """The rows of a list's statement, as `tickets.columns.items` takes them."""
    if db.is_postgres:
        return await fetch(db.engine, sql, parameters.values, planned_anew=planned_anew)
    async with db.read() as session:
        return (await session.execute(text(sql).columns(*typed()), parameters.named())).all()
