"""Lists as CSV through a real server and a real database: torn files, and nothing held open."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import bearer, client, make_principal
from patchbay_kit.testing.waiting import eventually

CSV = {"Accept": "text/csv"}


async def _fill(runtime: Any, notes: Any, count: int) -> None:
    now = runtime.clock()
    rows = [
        {"id": new_id(), "text": f"note {n}", "rank": n % 2, "created_at": now}
        for n in range(count)
    ]
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(notes.table.insert(), rows)


@asynccontextmanager
async def _served(notes: Any, runtime: Any) -> AsyncIterator[httpx.AsyncClient]:
    config = uvicorn.Config(
        notes.service.create_app(runtime), host="127.0.0.1", port=0, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        headers = {**CSV, **bearer(make_principal())}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as http:
            yield http
    finally:
        server.should_exit = True
        await running


async def test_a_list_in_a_database_is_one_file_in_its_own_order(runtime: Any, notes: Any) -> None:
    await _fill(runtime, notes, 450)
    async with client(runtime, notes.service) as http:
        for path in ("/v1/notes", "/v1/notes/by-rank"):
            text = (await http.get(path, headers=CSV)).text
            rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
            listed: list[dict[str, Any]] = []
            cursor: dict[str, str] = {}
            while len(listed) < 450:
                page = (await http.get(path, params={"limit": 90, **cursor})).json()
                listed += page["items"]
                cursor = {"cursor": page["next_cursor"]}
            assert rows == [{name: str(value) for name, value in row.items()} for row in listed]


async def test_no_connection_is_held_while_the_client_takes_its_time(
    sqlite_runtime: Any, notes: Any
) -> None:
    await _fill(sqlite_runtime, notes, 450)
    held = list[int]()
    pool = sqlite_runtime.db.engine.pool

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(_message: dict[str, Any]) -> None:
        held.append(pool.checkedout())

    header = bearer(make_principal())["Authorization"].encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": "/v1/notes",
        "raw_path": b"/v1/notes",
        "query_string": b"",
        "headers": [(b"accept", b"text/csv"), (b"authorization", header)],
    }
    app: Any = notes.service.create_app(sqlite_runtime)
    await app(scope, receive, send)
    # The start, three pages, the end.
    assert held == [0] * 5


async def test_a_file_that_cannot_be_finished_is_seen_to_be_torn(
    sqlite_runtime: Any, notes: Any
) -> None:
    await _fill(sqlite_runtime, notes, 450)
    read, sqlite_runtime.db.read = sqlite_runtime.db.read, _ReadsTwice(sqlite_runtime.db.read)
    async with _served(notes, sqlite_runtime) as http:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            await http.get("/v1/notes")
        sqlite_runtime.db.read = read
        # And the service goes on.
        assert (await http.get("/v1/notes")).text.count("\r\n") == 451
        assert (await http.get("/v1/notes", params={"cursor": "x"})).status_code == 422


async def test_clients_that_leave_in_the_middle_take_nothing_with_them(
    runtime: Any, notes: Any
) -> None:
    await _fill(runtime, notes, 2_000)
    async with _served(notes, runtime) as http:
        for _ in range(12):
            async with http.stream("GET", "/v1/notes") as answer:
                async for _chunk in answer.aiter_bytes():
                    break
        await eventually(lambda: runtime.db.engine.pool.checkedout() == 0)
        assert (await http.get("/v1/notes")).text.count("\r\n") == 2_001
        numbers = (await http.get("/metrics")).text
    assert 'route="/v1/notes as CSV"' in numbers


class _ReadsTwice:
    """A database that is there for two reads."""

    def __init__(self, read: Any) -> None:
        self._read = read
        self._left = 2

    def __call__(self) -> Any:
        self._left -= 1
        if self._left < 0:
            raise OSError("the database is gone")
        return self._read()
