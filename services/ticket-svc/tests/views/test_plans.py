"""Every view's page on a desk of 1,000,000 tickets is a range of an index: the plans say so."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
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


@pytest.fixture
async def large(pg_url: str) -> AsyncIterator[Any]:
    """ticket-svc on the large desk; what it asks of the database is in `asked`."""
    async with make_runtime(SERVICE, pg_url) as runtime:
        await fill(pg_url, Size(TICKETS, texts=False))
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
@pytest.mark.timeout(300)
async def test_every_page_is_a_range_of_an_index(large: Any, pg_url: str) -> None:
    asked = large.extras["asked"]
    wrong: list[str] = []
    connection = await asyncpg.connect(pg_url.replace("+asyncpg", ""))
    for principal, params in PAGES:
        async with client(large, SERVICE, principal=principal) as http:
            for depth, cursor in (("first", None), ("deep", deep(large, params))):
                more = {"cursor": cursor} if cursor else {}
                asked.clear()
                answer = await http.get("/v1/tickets", params={**params, **more, "limit": LIMIT})
                assert answer.is_success, answer.text
                (statement,) = [each for each in asked if "FROM ticket t" in each[0]]
                wrong += [
                    f"{principal.kind} {params} {depth}: {what}"
                    for what in await faults(connection, *statement)
                ]
    await connection.close()
    assert not wrong, "\n".join(wrong)


def deep(runtime: Any, params: dict[str, Any]) -> str:
    """The cursor behind the 600,000th ticket of a list in this order."""
    n = TICKETS * 4 // 10
    times = [datetime.fromtimestamp(1_600_000_000 + n, UTC)] if "sort" in params else []
    return encode_cursor([*times, id_of(0, n)], runtime.secrets.derive("cursor /v1/tickets"))


async def faults(connection: Any, sql: str, args: tuple[Any, ...]) -> list[str]:
    """What is wrong with the plan as it was run."""
    found = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *args)
    plan = orjson.loads(found)[0]["Plan"]
    page, touched, wrong = LIMIT + 1, 0.0, []
    for node in nodes(plan):
        kind, table = node["Node Type"], node.get("Relation Name")
        if kind == "Seq Scan" and table in LARGE:
            wrong.append(f"reads all of {table}")
        if table == "ticket":
            removed = node.get("Rows Removed by Filter", 0)
            touched += (node["Actual Rows"] + removed) * node["Actual Loops"]
        if kind == "Sort" and node["Plans"][0]["Actual Rows"] > 4 * page:
            wrong.append(f"sorts {node['Plans'][0]['Actual Rows']} rows")
    if touched > 4 * page:
        wrong.append(f"touches {touched:.0f} tickets")
    return wrong


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
