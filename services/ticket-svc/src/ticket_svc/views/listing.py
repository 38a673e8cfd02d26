"""A page of tickets as JSON, mostly in one statement and one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from patchbay_kit.db import Database
from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.http.pagination import CursorValue, decode_cursor, encode_cursor
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.columns import items, labels_in
from ticket_svc.tickets.merged import without_hidden_targets
from ticket_svc.views.finding import listed_tickets
from ticket_svc.views.paths import by_relevance, impossible, order_of
from ticket_svc.views.schemas import TicketFilter
from ticket_svc.views.scope import scope_of
from ticket_svc.views.searching import found_tickets

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

    Where many tickets would have to be read for few that match, a page may end early: its cursor
    goes on behind what was read. 422 `cursor_invalid` for a cursor of another order.
    """
    scope = scope_of(viewer, wanted)
    after = _after(wanted, page)
    if scope.nothing or impossible(wanted):
        return EMPTY
    find = found_tickets if wanted.q else listed_tickets
    found = await find(db, scope, after, page.limit + 1)
    rows = found.rows[: page.limit]
    item = items(viewer, labels_in(found.rows))
    shown = [item(row) for row in rows]
    await without_hidden_targets(db, viewer, shown)
    cursor = None
    if len(found.rows) > page.limit:
        cursor = encode_cursor(_key(wanted, shown[-1], rows[-1]), page.secret)
    elif found.end is not None:
        cursor = encode_cursor(_key(wanted, item(found.end), found.end), page.secret)
    body = {"items": shown, "next_cursor": cursor}
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


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
