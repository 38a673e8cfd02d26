"""A page of tickets as JSON, in one statement and one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text

from patchbay_kit.db import Database
from patchbay_kit.db.reading import fetch
from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.http.pagination import CursorValue, decode_cursor, encode_cursor
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.columns import items, labels_in, typed
from ticket_svc.tickets.merged import without_hidden_targets
from ticket_svc.views.schemas import TicketFilter
from ticket_svc.views.scope import Scope, scope_of
from ticket_svc.views.searching import by_relevance, search_sql
from ticket_svc.views.sql import Parameters
from ticket_svc.views.statements import impossible, order_of, page_sql

EMPTY = b'{"items":[],"next_cursor":null}'


@dataclass(frozen=True, slots=True)
class PageWanted:
    """`limit` tickets after `cursor`, which `secret` has signed."""

    limit: int
    cursor: str | None
    secret: bytes


async def page_of_tickets(
    db: Database, viewer: Viewer, wanted: TicketFilter, page: PageWanted
) -> bytes:
    """`Page[TicketSummary]` of what the viewer may see, as JSON.

    422 `cursor_invalid` for a cursor of another order.
    """
    scope = scope_of(viewer, wanted)
    after = _after(wanted, page)
    if scope.nothing or impossible(wanted):
        return EMPTY
    rows = await _rows(db, scope, after, page.limit + 1)
    shown = rows[: page.limit]
    item = items(viewer, labels_in(rows))
    found = [item(row) for row in shown]
    await without_hidden_targets(db, viewer, found)
    cursor = None
    if len(rows) > page.limit:
        cursor = encode_cursor(_key(wanted, found[-1], shown[-1]), page.secret)
    body = {"items": found, "next_cursor": cursor}
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


async def _rows(
    db: Database, scope: Scope, after: Sequence[CursorValue] | None, count: int
) -> Sequence[Any]:
    parameters = Parameters(postgres=db.is_postgres)
    make = search_sql if scope.filter.q else page_sql
    sql = make(scope, after, count, parameters)
    if db.is_postgres:
        return await fetch(db.engine, sql, parameters.values)
    columns = typed()
    statement = text(sql).columns(*columns)
    async with db.read() as session:
        return (await session.execute(statement, parameters.named())).all()


def _key(wanted: TicketFilter, item: dict[str, Any], row: Sequence[Any]) -> list[CursorValue]:
    if by_relevance(wanted):
        return [row[-2], item["id"]]
    return [item[name] for name in order_of(wanted).keys]


def _after(wanted: TicketFilter, page: PageWanted) -> tuple[CursorValue, ...] | None:
    if page.cursor is None:
        return None
    after = decode_cursor(page.cursor, page.secret)
    if by_relevance(wanted):
        kinds: list[type] = [int, str]
    else:
        kinds = [str if name == "id" else datetime for name in order_of(wanted).keys]
    if [type(value) for value in after] != kinds:
        raise other_order()
    return after


def other_order() -> ProblemError:
    """422: the cursor came from a list in another order."""
    return invalid(
        "cursor_invalid",
        "Not a cursor of this list",
        field="cursor",
        hint="Start again without a cursor.",
    )
