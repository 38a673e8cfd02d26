"""One transaction per changing request."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from patchbay_kit.db import Database
from patchbay_kit.testing.harness import client, make_principal, published


async def test_a_change_and_its_event_are_committed_before_the_answer(
    runtime: Any, notes: Any
) -> None:
    async with client(runtime, notes.service) as http:
        answer = await http.post("/v1/notes", json={"text": "one"})
    assert answer.status_code == 201
    assert await notes.count(runtime) == 1
    [event] = await published(runtime)
    assert event.subject == answer.json()["id"]
    assert event.actor == answer.headers["x-actor"]
    assert event.traceparent is not None
    assert event.traceparent[3:35] == answer.headers["traceparent"][3:35]
    assert event.correlationid == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/odd/write-then-refuse", 409, "no_way"),
        ("/v1/odd/write-then-crash", 500, "internal_error"),
    ],
)
async def test_what_raises_leaves_nothing_behind(
    runtime: Any, notes: Any, path: str, status: int, code: str
) -> None:
    async with client(runtime, notes.service) as http:
        answer = await http.post(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await notes.count(runtime) == 0


async def test_two_records_with_one_key_are_a_conflict_not_a_crash(
    runtime: Any, notes: Any
) -> None:
    async with client(runtime, notes.service) as http:
        await http.post("/v1/notes", json={"text": "same"})
        answer = await http.post("/v1/notes", json={"text": "same"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflicting_change")
    assert len(await published(runtime)) == 1


async def test_a_repeated_post_takes_effect_once_and_gets_the_same_answer(
    runtime: Any, notes: Any
) -> None:
    headers = {"Idempotency-Key": "k-1"}
    async with client(runtime, notes.service) as http:
        first = await http.post("/v1/notes", json={"text": "one"}, headers=headers)
        again = await http.post("/v1/notes", json={"text": "one"}, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await notes.count(runtime) == 1
    assert len(await published(runtime)) == 1


async def test_a_key_may_not_be_used_for_another_request(runtime: Any, notes: Any) -> None:
    headers = {"Idempotency-Key": "k-1"}
    async with client(runtime, notes.service) as http:
        await http.post("/v1/notes", json={"text": "one"}, headers=headers)
        answer = await http.post("/v1/notes", json={"text": "two"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await notes.count(runtime) == 1


async def test_a_key_belongs_to_one_caller(runtime: Any, notes: Any) -> None:
    headers = {"Idempotency-Key": "k-1"}
    for name in ("one", "two"):
        async with client(runtime, notes.service, principal=make_principal()) as http:
            answer = await http.post("/v1/notes", json={"text": name}, headers=headers)
            assert answer.status_code == 201


async def test_after_a_failure_the_same_key_may_try_again(runtime: Any, notes: Any) -> None:
    headers = {"Idempotency-Key": "k-1"}

    async def fail() -> None:
        raise RuntimeError("boom")

    async with client(runtime, notes.service) as http:
        notes.hooks["after"] = fail
        failed = await http.post("/v1/notes", json={"text": "one"}, headers=headers)
        notes.hooks.clear()
        second = await http.post("/v1/notes", json={"text": "one"}, headers=headers)
    assert (failed.status_code, second.status_code) == (500, 201)
    assert "idempotency-replayed" not in second.headers


async def test_concurrent_posts_with_one_key_take_effect_once(runtime: Any, notes: Any) -> None:
    headers = {"Idempotency-Key": "k-1"}

    async def post(http: httpx.AsyncClient) -> httpx.Response:
        return await http.post("/v1/notes", json={"text": "one"}, headers=headers)

    async with client(runtime, notes.service) as http:
        answers = await asyncio.gather(*(post(http) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 5
    assert await notes.count(runtime) == 1


async def test_a_secret_answer_is_not_kept_and_not_given_again(runtime: Any, notes: Any) -> None:
    headers = {"Idempotency-Key": "k-1"}
    async with client(runtime, notes.service) as http:
        first = await http.post("/v1/odd/secret", headers=headers)
        again = await http.post("/v1/odd/secret", headers=headers)
    assert first.status_code == 200
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_not_replayable")
    assert await notes.count(runtime) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tin"])
async def test_an_unusable_key_is_refused(sqlite_runtime: Any, notes: Any, key: str) -> None:
    async with client(sqlite_runtime, notes.service) as http:
        answer = await http.post(
            "/v1/notes", json={"text": "one"}, headers={"Idempotency-Key": key}
        )
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_invalid")


async def test_a_caller_who_waits_too_long_for_the_key_is_told_so(
    pg_notes: Any, notes: Any
) -> None:
    """The first request is still running when the lock time-out of the second one passes."""
    entered, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        entered.set()
        await release.wait()

    headers = {"Idempotency-Key": "k-1"}
    async with client(pg_notes, notes.service) as http:
        notes.hooks["before"] = hold
        first = asyncio.create_task(http.post("/v1/notes", json={"text": "one"}, headers=headers))
        await entered.wait()
        second = await http.post("/v1/notes", json={"text": "one"}, headers=headers)
        release.set()
        assert (await first).status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_progress")


async def test_a_client_that_leaves_has_changed_nothing(runtime: Any, notes: Any) -> None:
    entered = asyncio.Event()

    async def hang() -> None:
        entered.set()
        await asyncio.Event().wait()

    async with client(runtime, notes.service) as http:
        notes.hooks["after"] = hang
        task = asyncio.create_task(http.post("/v1/notes", json={"text": "one"}))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        notes.hooks.clear()
        assert await notes.count(runtime) == 0
        assert (await http.post("/v1/notes", json={"text": "one"})).status_code == 201


async def test_an_unusable_token_is_no_obstacle_where_none_is_needed(
    sqlite_runtime: Any, notes: Any
) -> None:
    async with client(sqlite_runtime, notes.service, permissions=None) as http:
        headers = {"Authorization": "Bearer expired"}
        assert (await http.post("/v1/odd/secret", headers=headers)).status_code == 200


async def test_when_the_connection_breaks_nobody_is_told_that_nothing_was_done(
    pg_notes: Any, notes: Any, pg_url: str, at_end: AsyncExitStack
) -> None:
    """The server ends our session between the change and the commit."""
    other = Database(pg_url, service="other")
    at_end.push_async_callback(other.close)

    async def cut() -> None:
        async with other.read() as session:
            await session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            )

    notes.hooks["after"] = cut
    async with client(pg_notes, notes.service) as http:
        lost = await http.post(
            "/v1/notes", json={"text": "one"}, headers={"Idempotency-Key": "k-1"}
        )
        notes.hooks.clear()
        again = await http.post(
            "/v1/notes", json={"text": "one"}, headers={"Idempotency-Key": "k-1"}
        )
    assert (lost.status_code, lost.json()["code"]) == (503, "database_unavailable")
    assert "not known" in lost.json()["detail"]
    assert again.status_code == 201
    assert await notes.count(pg_notes) == 1


async def test_a_route_that_begins_a_second_unit_of_work_fails_at_once(
    runtime: Any, notes: Any
) -> None:
    """With a key the request holds SQLite's only writer: the second unit would wait for ever."""
    async with asyncio.timeout(10), client(runtime, notes.service) as http:
        answer = await http.post("/v1/own-unit", headers={"Idempotency-Key": "own"})
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        after = await http.post("/v1/notes", json={"text": "still writable"})
    assert after.status_code == 201
