"""What writes much and cannot be finished, since others hold what it needs, the server or the line
is slow, or the caller leaves: a clear answer, and nothing of it is written.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import event, make_url, text

from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import client, make_runtime
from patchbay_kit.testing.waiting import eventually
from ticket_svc.definition import SERVICE

SOON = 150
CSV = {"Content-Type": "text/csv"}
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
ROWS = "SELECT string_agg(t::text, '|' ORDER BY t::text) FROM {} t"
WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
# Who holds them lets others read, but not write: at the first record, or when events are written.
HELD = ["contact, account, ticket, history_entry", "outbox"]
# How long each may wait, in the connection's settings: the server's two clocks and the driver's.
IMPATIENT = {
    "statement": {"statement_timeout": str(SOON)},
    "lock": {"lock_timeout": str(SOON)},
    "driver": {},
}


@dataclass
class Crowd:
    """A desk with records to do something with. `calls` are what is tried, by name."""

    runtime: Runtime
    http: httpx.AsyncClient
    calls: dict[str, tuple[str, dict[str, Any]]]

    def call(self, name: str) -> Any:
        path, content = self.calls[name]
        headers = {"Idempotency-Key": name, **content.get("headers", {})}
        return self.http.post(path, **{**content, "headers": headers})

    async def snapshot(self) -> dict[str, str]:
        """Every row of every table."""
        async with self.runtime.db.read() as session:
            names = (await session.execute(text(TABLES))).scalars().all()
            return {name: await session.scalar(text(ROWS.format(name))) for name in names}

    @asynccontextmanager
    async def holding(self, tables: str) -> AsyncIterator[None]:
        """Somebody else's transaction."""
        async with self.runtime.db.engine.connect() as connection:
            await connection.execute(text(f"LOCK TABLE {tables} IN SHARE MODE"))
            yield
            await connection.rollback()


async def crowd_of(desk: Any) -> Crowd:
    accounts = [await desk.account(f"Account {n}") for n in range(4)]
    for each in accounts:
        await desk.contact(each, f"ann@{each}.example")
    tickets = [(await desk.ticket(accounts[0]))["id"] for _ in range(4)]
    undone = await desk.post(f"/v1/tickets/{tickets[3]}/merge", into=tickets[2])
    rows = "\n".join(f"Contact {n},c{n}@acme.example,Account 1" for n in range(50))
    body = {"content": f"name,email1,account_name\n{rows}\n", "headers": CSV}
    complete = {"tickets": tickets[:2], "action": {"kind": "complete"}}
    archive = {"ids": accounts[2:], "action": {"kind": "archive"}}
    calls = {
        "import": ("/v1/imports/contacts", body),
        "skipping": ("/v1/imports/contacts?skip_errors=true", body),
        "bulk": ("/v1/tickets/bulk", {"json": complete}),
        "atomic": ("/v1/tickets/bulk", {"json": {**complete, "atomic": True}}),
        "records": ("/v1/accounts/bulk", {"json": archive}),
        "accounts": (
            f"/v1/accounts/{accounts[0]}/merge",
            {"json": {"into_account_id": accounts[1]}},
        ),
        "tickets": (f"/v1/tickets/{tickets[0]}/merge", {"json": {"into": tickets[1]}}),
        "undo": (f"/v1/ticket-merges/{undone['id']}/undo", {}),
    }
    return Crowd(desk.runtime, desk.http, calls)


@pytest.fixture
async def crowd(pg_url: str, make_desk: Callable[..., Any]) -> AsyncIterator[Crowd]:
    async with make_runtime(SERVICE, pg_url) as runtime, client(runtime, SERVICE) as http:
        yield await crowd_of(make_desk(runtime, http))


async def hurry(runtime: Runtime, how: str) -> None:
    """Let connections from now on wait a moment only."""
    engine = runtime.db.engine.sync_engine

    @event.listens_for(engine, "do_connect")
    def _impatient(_dialect: Any, _record: Any, _args: Any, settings: dict[str, Any]) -> None:
        settings["server_settings"] = settings["server_settings"] | IMPATIENT[how]
        if how == "driver":
            settings["command_timeout"] = SOON / 1000

    await runtime.db.engine.dispose()


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.parametrize("how", IMPATIENT)
async def test_what_waits_too_long_is_refused_whole_and_may_be_repeated(
    crowd: Crowd, how: str
) -> None:
    await hurry(crowd.runtime, how)
    before = await crowd.snapshot()
    for held in HELD:
        for name in crowd.calls:
            async with crowd.holding(held):
                answer = await crowd.call(name)
            told = answer.json()
            assert answer.status_code == 503, (name, held, told)
            assert told["code"] in ("database_busy", "database_unavailable"), (name, held)
            assert (told["hint"], answer.headers["Retry-After"]) != ("", "")
            assert await crowd.snapshot() == before, (name, held)
    # Only what is not undone by another of them.
    for name in ("import", "atomic", "records", "undo"):
        answer = await crowd.call(name)
        assert answer.is_success, (name, answer.text)
    report = (await crowd.call("import")).json()
    assert (report["created"], report["failed"]) == (50, 0)


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.parametrize("how", ["left", "killed"])
async def test_what_is_broken_off_leaves_nothing(crowd: Crowd, how: str) -> None:
    before = await crowd.snapshot()

    async def waits() -> bool:
        return bool(await crowd.runtime.db.scalar(text(f"SELECT count(*) {WAITING}")))

    async def gone() -> bool:
        return not await waits()

    for held in HELD:
        for name in crowd.calls:
            async with crowd.holding(held):
                task = asyncio.create_task(crowd.call(name))
                await eventually(waits, message=f"{name} does not wait")
                if how == "left":
                    task.cancel()
                    await asyncio.wait([task])
                else:
                    await crowd.runtime.db.scalar(
                        text(f"SELECT count(pg_terminate_backend(pid)) {WAITING}")
                    )
                    answer = await task
                    assert answer.status_code == 503, (name, held, answer.text)
                    assert answer.json()["code"] == "database_unavailable"
                await eventually(gone)
            assert await crowd.snapshot() == before, (name, held)
    for name in ("import", "atomic", "records", "undo"):
        assert (await crowd.call(name)).is_success


@pytest.mark.slow
async def test_on_sqlite_who_waits_too_long_for_the_file_is_told_that_it_is_busy(
    sqlite_url: str, make_desk: Callable[..., Any]
) -> None:
    async with make_runtime(SERVICE, sqlite_url) as runtime, client(runtime, SERVICE) as http:
        crowd = await crowd_of(make_desk(runtime, http))

        @event.listens_for(runtime.db.engine.sync_engine, "connect")
        def _impatient(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {SOON}")
            cursor.close()

        await runtime.db.engine.dispose()
        other = sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)
        for name in crowd.calls:
            other.execute("BEGIN IMMEDIATE")
            answer = await crowd.call(name)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_busy"), name
            other.execute("ROLLBACK")
        other.close()
        for name in ("import", "atomic", "records", "undo"):
            assert (await crowd.call(name)).is_success
