"""What lists and searches read on a desk of 1,000,000 tickets: the plans say so. Every view's page
is a range of an index; filters that few tickets match read a bounded number of tickets.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import combinations, product
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import event

from patchbay_kit.auth import Principal
from patchbay_kit.http.pagination import encode_cursor
from patchbay_kit.testing.harness import client, make_principal, make_runtime
from patchbay_kit.testing.many_tickets import Size, fill, id_of
from ticket_svc.definition import SERVICE

TICKETS = 1_000_000
LIMIT = 50
RARE_MANAGER = id_of(1, 200)
MANAGERS = [id_of(1, n) for n in (3, 4, 200)]
LARGE_ACCOUNT = id_of(2, 1)
ALL = make_principal({"desk", "tickets.all"})
RARE = make_principal({"desk"}, id=RARE_MANAGER)
CUSTOMER = make_principal({"desk"}, kind="contact", account_id=LARGE_ACCOUNT)
# Filled tables that no page may read from end to end.
LARGE = {"ticket", "account", "asset", "history_entry", "ticket_text"}

PAGES: list[tuple[Principal, dict[str, Any]]] = [
    (ALL, {"view": "all"}),
    (ALL, {"view": "open"}),
    (ALL, {"view": "closed"}),
    (ALL, {"view": "inbox"}),
    (ALL, {"view": "inbox", "sort": "inbox_since"}),
    (ALL, {"view": "inbox", "manager_id": RARE_MANAGER}),
    (ALL, {"view": "dispatcher"}),
    (ALL, {"status": "completed"}),
    (ALL, {"status": "canceled"}),
    (ALL, {"view": "open", "status": "scheduled"}),
    (ALL, {"manager_id": id_of(1, 3)}),
    (ALL, {"manager_id": RARE_MANAGER}),
    (ALL, {"manager_id": RARE_MANAGER, "view": "open"}),
    (ALL, {"manager_id": MANAGERS, "view": "open"}),
    (ALL, {"account_id": id_of(2, 77)}),
    (ALL, {"account_id": LARGE_ACCOUNT}),
    (ALL, {"account_id": LARGE_ACCOUNT, "view": "open"}),
    (ALL, {"asset_id": id_of(3, 78)}),
    (ALL, {"sort": "updated_at"}),
    (ALL, {"sort": "updated_at", "view": "open"}),
    (ALL, {"sort": "due_at", "view": "open"}),
    (ALL, {"sort": "due_at"}),
    (RARE, {"view": "all"}),
    (RARE, {"view": "open"}),
    (RARE, {"view": "inbox"}),
    (CUSTOMER, {"view": "all"}),
    (CUSTOMER, {"view": "open"}),
]


def _at(second: int) -> str:
    return datetime.fromtimestamp(1_600_000_000 + second, UTC).isoformat()


# Values that few tickets have, that many have, and that only old ones have.
FILTERS: list[tuple[str, Any]] = [
    *(("priority", value) for value in ("critical", "high", "low", "normal")),
    *(("type", value) for value in ("audit", "incident", "move")),
    *(("connection_id", value) for value in ("rare", "retired", "c1", "none")),
    *(("created_since", _at(TICKETS - n)) for n in (10, 10_000, 500_000)),
    *(("updated_since", _at(TICKETS + n)) for n in (59_000, 30_000, -300_000)),
    ("due_after", _at(TICKETS + 172_000)),
    ("due_before", _at(173_000)),
    *(("manager_id", value) for value in (RARE_MANAGER, id_of(1, 3), MANAGERS)),
    *(("account_id", value) for value in (id_of(2, 77), LARGE_ACCOUNT)),
    ("asset_id", id_of(3, 78)),
    ("contact_id", id_of(5, 30)),
    ("contract_id", id_of(6, 35)),
    ("unread", True),
    ("unread", False),
    *(("status", value) for value in ("scheduled", "completed")),
    ("number", "0077-0077"),
    ("remote_ticket_id", "770077"),
]
VIEWS = ("all", "open", "closed", "inbox", "dispatcher")
SORTS = ("newest", "updated_at", "due_at")
# A list is walked twice, or walked once and gathered.
READ = 30_000
# Texts of rare words, or the newest tickets with all their texts.
READ_BY_SEARCHES = 60_000


@pytest.fixture
async def explaining(pg_url: str) -> AsyncIterator[Any]:
    """A connection to read plans on."""
    connection = await asyncpg.connect(pg_url.replace("+asyncpg", ""))
    yield connection
    await connection.close()


@pytest.fixture
async def large(pg_url: str) -> AsyncIterator[Any]:
    """ticket-svc on the large desk; what it asks of the database is in `asked`."""
    async with _listened(pg_url, Size(TICKETS, texts=False)) as runtime:
        yield runtime


@asynccontextmanager
async def _listened(url: str, size: Size) -> AsyncIterator[Any]:
    async with make_runtime(SERVICE, url) as runtime:
        await fill(url, size)
        asked: list[tuple[str, tuple[Any, ...]]] = []

        def listen(connection: Any, _record: Any) -> None:
            connection.driver_connection.add_query_logger(
                lambda query: asked.append((query.query, tuple(query.args)))
            )

        event.listen(runtime.db.engine.sync_engine, "connect", listen)
        await runtime.db.engine.dispose()  # those from now on are listened to
        runtime.extras["asked"] = asked
        yield runtime


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.covers("S2-28")
async def test_lists_read_a_range_of_an_index_and_filters_a_bounded_number_of_tickets(
    large: Any, explaining: Any
) -> None:
    wrong = [*await _pages(large, explaining), *await _combinations(large, explaining)]
    assert not wrong, "\n".join(wrong)


async def _pages(large: Any, connection: Any) -> list[str]:
    wrong: list[str] = []
    for principal, params in PAGES:
        async with client(large, SERVICE, principal=principal) as http:
            for depth, cursor in (("first", None), ("deep", deep(large, params))):
                more = {"cursor": cursor} if cursor else {}
                (statement,) = await _statements(large, http, {**params, **more})
                wrong += [
                    f"{principal.kind} {params} {depth}: {what}"
                    for what in await faults(connection, *statement)
                ]
    return wrong


async def _combinations(large: Any, connection: Any) -> list[str]:
    """Every filter with every view and order, and a part of all pairs of filters."""
    pairs = [dict(pair) for pair in combinations(FILTERS, 2) if pair[0][0] != pair[1][0]]
    wanted = [{name: value} for name, value in FILTERS] + pairs
    wrong: list[str] = []
    lists = list(product(wanted, VIEWS, SORTS, (ALL, RARE, CUSTOMER)))
    for filters, view, sort, principal in lists[::23]:
        params = {**filters, "view": view, "sort": sort}
        async with client(large, SERVICE, principal=principal) as http:
            read = 0.0
            for statement in await _statements(large, http, params):
                plan = await plan_of(connection, *statement)
                read += rows_read(plan, "ticket")
                if any(node["Node Type"] == "Seq Scan" for node in of_table(plan, "ticket")):
                    wrong.append(f"{principal.kind} {params}: reads all tickets")
        if read > READ:
            wrong.append(f"{principal.kind} {params}: reads {read:.0f} tickets")
    return wrong


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_searches_read_a_bounded_number_of_texts_however_frequent_the_words(
    pg_url: str, explaining: Any
) -> None:
    words = ("zebra", "toner ", "scanner ", "disk ", "disk full ", "zebra disk ", "toner looked ")
    wrong: list[str] = []
    async with _listened(pg_url, Size(100_000, accounts=10_000)) as desk:
        filters: tuple[dict[str, str], ...] = ({}, {"sort": "newest"}, {"priority": "critical"})
        for q, more, principal in product(words, filters, (ALL, RARE, CUSTOMER)):
            async with client(desk, SERVICE, principal=principal) as http:
                (statement,) = await _statements(desk, http, {"q": q, **more}, "FROM ticket_text d")
            plan = await plan_of(explaining, *statement)
            read = rows_read(plan, "ticket_text") + rows_read(plan, "ticket")
            if read > READ_BY_SEARCHES:
                wrong.append(f"{principal.kind} {q} {more}: reads {read:.0f} texts and tickets")
    assert not wrong, "\n".join(wrong)


async def _statements(
    runtime: Any, http: Any, params: dict[str, Any], of: str = "FROM ticket t"
) -> list[tuple[str, tuple[Any, ...]]]:
    asked = runtime.extras["asked"]
    asked.clear()
    answer = await http.get("/v1/tickets", params={**params, "limit": LIMIT})
    assert answer.is_success, answer.text
    return [each for each in asked if of in each[0] and not each[0].startswith("EXPLAIN")]


def deep(runtime: Any, params: dict[str, Any]) -> str:
    """The cursor behind the 600,000th ticket of a list in this order."""
    n = TICKETS * 4 // 10
    times = [datetime.fromtimestamp(1_600_000_000 + n, UTC)] if "sort" in params else []
    return encode_cursor([*times, id_of(0, n)], runtime.secrets.derive("cursor /v1/tickets"))


async def plan_of(connection: Any, sql: str, args: tuple[Any, ...]) -> dict[str, Any]:
    """The plan as it was run."""
    found = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *args)
    plan: dict[str, Any] = orjson.loads(found)[0]["Plan"]
    return plan


async def faults(connection: Any, sql: str, args: tuple[Any, ...]) -> list[str]:
    """What is wrong with the plan of a view's page."""
    plan = await plan_of(connection, sql, args)
    page, wrong = LIMIT + 1, []
    for node in nodes(plan):
        kind, table = node["Node Type"], node.get("Relation Name")
        if kind == "Seq Scan" and table in LARGE:
            wrong.append(f"reads all of {table}")
        if kind == "Sort" and node["Plans"][0]["Actual Rows"] > 4 * page:
            wrong.append(f"sorts {node['Plans'][0]['Actual Rows']} rows")
    touched = rows_read(plan, "ticket")
    if touched > 4 * page:
        wrong.append(f"touches {touched:.0f} tickets")
    return wrong


def rows_read(plan: dict[str, Any], table: str) -> float:
    """How many rows of a table were looked at."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in of_table(plan, table)
    )


def of_table(plan: dict[str, Any], table: str) -> Iterator[dict[str, Any]]:
    return (node for node in nodes(plan) if node.get("Relation Name") == table)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
