"""Every error is a problem document (RFC 9457)."""

from typing import Any

import asyncpg
import pytest

from patchbay_kit.http.database_errors import database_problem
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import client, make_runtime


async def ask(runtime: Runtime, notes: Any, method: str, path: str, **options: Any) -> Any:
    permissions = options.pop("permissions", ("*",))
    async with client(runtime, notes.service, permissions=permissions) as http:
        return await http.request(method, path, **options)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing-here", 404, "route_not_found"),
        ("DELETE", "/v1/notes", 405, "method_not_allowed"),
        ("GET", "/v1/notes/00000000-0000-7000-8000-000000000000", 404, "note_not_found"),
        ("GET", "/v1/odd/crash", 500, "internal_error"),
        ("POST", "/v1/odd/write-then-crash", 500, "internal_error"),
        ("GET", "/v1/notes?cursor=abc", 422, "cursor_invalid"),
        ("GET", "/v1/notes?limit=0", 422, "validation_failed"),
        ("GET", "/v1/notes/a%00b", 400, "bad_request"),
        ("GET", "/v1/notes?cursor=%00", 400, "bad_request"),
    ],
)
async def test_errors_are_problem_documents(
    sqlite_runtime: Any, notes: Any, method: str, path: str, status: int, code: str
) -> None:
    answer = await ask(sqlite_runtime, notes, method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"] == f"/problems/{code}"
    assert document["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    assert document["title"]


async def test_an_internal_error_keeps_its_text_to_itself(sqlite_runtime: Any, notes: Any) -> None:
    answer = await ask(sqlite_runtime, notes, "GET", "/v1/odd/crash")
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_only_the_drivers_time_outs_and_resets_are_the_databases() -> None:
    for error in (TimeoutError("a mail server"), FileNotFoundError("a file")):
        assert database_problem(error) is None
    with pytest.raises(ConnectionRefusedError) as refused:
        await asyncpg.connect("postgresql://nobody@127.0.0.1:1/nothing", timeout=5)
    problem = database_problem(refused.value)
    assert problem is not None
    assert (problem.status, problem.code) == (503, "database_unavailable")


async def test_a_validation_error_points_at_every_wrong_member(
    sqlite_runtime: Any, notes: Any
) -> None:
    body = {"text": 5, "rank": "high", "extra/~": 1}
    answer = await ask(sqlite_runtime, notes, "POST", "/v1/notes", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    errors = {error["field"]: error["code"] for error in answer.json()["errors"]}
    assert errors == {
        "/text": "string_type",
        "/rank": "int_parsing",
        "/extra~1~0": "extra_forbidden",
    }


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b'"\\ud800"'])
async def test_a_broken_body_is_the_callers_error(
    sqlite_runtime: Any, notes: Any, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await ask(sqlite_runtime, notes, "POST", "/v1/notes", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/notes", "/v1/odd/echo"])
async def test_a_body_over_the_limit_is_refused(sqlite_runtime: Any, notes: Any, path: str) -> None:
    async def stream() -> Any:
        for _ in range(6):
            yield b" " * 1_000_000

    for content in (b" " * 5_000_001, stream()):
        headers = {"Content-Type": "application/json"}
        answer = await ask(sqlite_runtime, notes, "POST", path, content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_text_is_stripped_and_freed_of_nul(runtime: Any, notes: Any) -> None:
    answer = await ask(runtime, notes, "POST", "/v1/notes", json={"text": " a\u0000b "})
    assert (answer.status_code, answer.json()["text"]) == (201, "ab")


async def test_without_a_token_the_answer_is_401_with_a_challenge(
    sqlite_runtime: Any, notes: Any
) -> None:
    answer = await ask(
        sqlite_runtime, notes, "POST", "/v1/notes", json={"text": "x"}, permissions=None
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic YTpi", "Bearer "])
async def test_bad_credentials_are_401(sqlite_runtime: Any, notes: Any, header: str) -> None:
    answer = await ask(
        sqlite_runtime,
        notes,
        "POST",
        "/v1/notes",
        json={"text": "x"},
        headers={"Authorization": header},
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_a_missing_permission_is_403_and_named(sqlite_runtime: Any, notes: Any) -> None:
    allowed = await ask(
        sqlite_runtime, notes, "GET", "/v1/odd/admin", permissions=["employees.admin"]
    )
    answer = await ask(sqlite_runtime, notes, "GET", "/v1/odd/admin", permissions=["desk"])
    assert allowed.status_code == 200
    assert (answer.status_code, answer.json()["permission"]) == (403, "employees.admin")


async def test_a_stale_version_is_412_with_the_present_one(sqlite_runtime: Any, notes: Any) -> None:
    async with client(sqlite_runtime, notes.service) as http:
        made = (await http.post("/v1/notes", json={"text": "x", "rank": 3})).json()
        path = f"/v1/notes/{made['id']}"
        tag = (await http.get(path)).headers["etag"]
        stale = await http.patch(path, json={"text": "y"}, headers={"If-Match": '"2"'})
        fresh = await http.patch(path, json={"text": "y"}, headers={"If-Match": tag})
        unguarded = await http.patch(path, json={"text": "y"})
        # Several lines are one list (RFC 9110, 5.3).
        lines = [("If-Match", '"2"'), ("If-Match", tag)]
        listed = await http.patch(path, json={"text": "y"}, headers=lines)
    assert listed.status_code == 200
    assert (stale.status_code, stale.json()["current_version"]) == (412, 3)
    assert (fresh.status_code, unguarded.status_code) == (200, 200)


async def test_an_unreachable_database_is_503(notes: Any, pg_url: str, free_address: str) -> None:
    async with make_runtime(notes.service, pg_url) as runtime:
        await runtime.db.close()
        runtime.db.__init__(free_address, service="notes-svc")  # type: ignore[misc]
        for method, options in (("GET", {}), ("POST", {"json": {"text": "x"}})):
            answer = await ask(runtime, notes, method, "/v1/notes", **options)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert int(answer.headers["retry-after"]) > 0
