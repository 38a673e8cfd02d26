"""Keyset pages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from patchbay_kit.http import decode_cursor, encode_cursor
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import client

SECRET = b"k" * 32


async def fill(runtime: Any, notes: Any, count: int) -> list[str]:
    """`count` notes with the same time and only two ranks: the tie-break has work to do."""
    now = runtime.clock()
    rows = [
        {"id": new_id(), "text": f"note {n}", "rank": n % 2, "created_at": now}
        for n in range(count)
    ]
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(notes.table.insert(), rows)
    return [str(row["id"]) for row in rows]


async def walk(http: Any, path: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        page = (await http.get(path, params=params)).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


@pytest.mark.parametrize("limit", [1, 3, 10, 200])
async def test_pages_hold_everything_once_and_in_order(
    runtime: Any, notes: Any, limit: int
) -> None:
    ids = await fill(runtime, notes, 10)
    async with client(runtime, notes.service) as http:
        by_time = await walk(http, "/v1/notes", limit)
        by_rank = await walk(http, "/v1/notes/by-rank", limit)
    assert [item["id"] for item in by_time] == sorted(ids, reverse=True)
    pairs = [(item["rank"], item["id"]) for item in by_rank]
    assert pairs == sorted(pairs)
    assert len(pairs) == 10


async def test_rows_added_meanwhile_do_not_shift_the_pages(runtime: Any, notes: Any) -> None:
    ids = await fill(runtime, notes, 4)
    async with client(runtime, notes.service) as http:
        first = (await http.get("/v1/notes", params={"limit": 2})).json()
        await http.post("/v1/notes", json={"text": "new"})
        params = {"limit": 2, "cursor": first["next_cursor"]}
        second = (await http.get("/v1/notes", params=params)).json()
    seen = [item["id"] for item in first["items"] + second["items"]]
    assert seen == sorted(ids, reverse=True)


async def test_a_cursor_of_another_list_order_or_installation_is_refused(
    sqlite_runtime: Any, notes: Any
) -> None:
    await fill(sqlite_runtime, notes, 3)
    own = sqlite_runtime.secrets.derive("cursor /v1/notes")
    async with client(sqlite_runtime, notes.service) as http:
        page = (await http.get("/v1/notes/by-rank", params={"limit": 1})).json()
        other_order = encode_cursor([1, "x"], own)
        for cursor in (page["next_cursor"], other_order, encode_cursor(["x"], SECRET)):
            answer = await http.get("/v1/notes", params={"cursor": cursor})
            assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


def test_a_cursor_brings_back_times_numbers_and_text() -> None:
    values = (datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), -5, "Größe")
    assert decode_cursor(encode_cursor(values, SECRET), SECRET) == values
