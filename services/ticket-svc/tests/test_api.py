"""What holds for every route, and for the tables."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from patchbay_kit.db.migrate import check_drift, migrate
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import client, make_runtime
from ticket_svc.definition import SERVICE

# What a caller needs before they have a token.
OPEN = {
    "/.well-known/jwks.json",
    "/healthz",
    "/livez",
    "/metrics",
    "/readyz",
    "/v1/auth/exchange",
    "/v1/auth/invitations/accept",
    "/v1/auth/password-requests",
    "/v1/auth/token",
    "/v1/portal/invitations/accept",
}


@pytest.fixture
async def runtime(sqlite_url: str) -> AsyncIterator[Runtime]:
    """One engine is enough for what no database is asked for."""
    async with make_runtime(SERVICE, sqlite_url) as built:
        yield built


async def test_every_route_refuses_a_caller_without_a_token(runtime: Any) -> None:
    app = SERVICE.create_app(runtime)
    walked = 0
    async with client(runtime, SERVICE, permissions=None) as http:
        for path, methods in app.openapi()["paths"].items():
            if path in OPEN:
                continue
            url = path.replace("{", "").replace("}", "")
            for method in methods:
                answer = await http.request(method, url, json={})
                assert answer.status_code == 401, (method, path, answer.text)
                assert answer.json()["code"] == "authentication_required"
                walked += 1
    assert walked > 35


async def test_no_route_of_the_desk_is_open_to_somebody_without_its_permission(
    runtime: Any,
) -> None:
    app = SERVICE.create_app(runtime)
    async with client(runtime, SERVICE, permissions={"unknown"}) as http:
        for path, methods in app.openapi()["paths"].items():
            if path in OPEN or path.startswith("/v1/auth/"):
                continue
            for method in methods:
                answer = await http.request(method, path, json={})
                assert answer.status_code == 403, (method, path, answer.text)


async def test_every_operation_says_what_it_does_and_has_an_id_of_its_own(runtime: Any) -> None:
    paths = SERVICE.create_app(runtime).openapi()["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] for operation in operations)
    assert all("default" in operation["responses"] for operation in operations)


async def test_migrated_database_has_the_tables_of_the_code(database_url: str) -> None:
    await asyncio.to_thread(migrate, SERVICE.package, database_url, SERVICE.metadata)
    drift = await asyncio.to_thread(check_drift, SERVICE.package, database_url, SERVICE.metadata)
    assert drift == []
