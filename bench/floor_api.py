"""Floor of the API: FastAPI, raw asyncpg and orjson, no rights, no types, no tracing, no features.

`python -m bench.floor_api <dsn> <port>`
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

SCHEMA = """CREATE TABLE IF NOT EXISTS floor_ticket (id uuid PRIMARY KEY, number text UNIQUE,
subject text, description text, status text, account_id uuid,
created_at timestamptz DEFAULT now())"""
# What a list shows of the ticket itself, without the names of its neighbours.
PAGE = """SELECT id, number, subject, status, status_class, priority, type, due_at, awaits_dispatch,
channel, in_inbox, inbox_since, inbox_awaiting, unread, external_update_at, merged_into_id,
occurred_at, created_at, updated_at, closed_at, version, account_id, manager_id, asset_id
FROM ticket WHERE status_class = 'open' ORDER BY id DESC LIMIT 50"""
TICKET = """SELECT t.*, a.name AS account_name, s.name AS asset_name, e.name AS manager_name,
c.name AS contact_name, k.name AS contract_name
FROM ticket t JOIN account a ON a.id = t.account_id
LEFT JOIN asset s ON s.id = t.asset_id LEFT JOIN employee e ON e.id = t.manager_id
LEFT JOIN contact c ON c.id = t.contact_id LEFT JOIN contract k ON k.id = t.contract_id
WHERE t.id = $1"""
RECIPIENTS = """SELECT r.*, e.name AS person_name, e.email1 FROM recipient r
LEFT JOIN employee e ON e.id = r.employee_id WHERE r.ticket_id = $1 ORDER BY r.id"""
SETTINGS = "SELECT name, value FROM desk_setting"
INSERT = """INSERT INTO floor_ticket (id, number, subject, description, status, account_id)
VALUES (gen_random_uuid(), $1, $2, $3, 'new', $4)"""


def create_app(dsn: str) -> FastAPI:
    """The three routes."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=8, max_size=8) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/readyz")
    async def ready() -> Response:
        return _json({"ok": True})

    @app.get("/page")
    async def page(request: Request) -> Response:
        rows = await request.app.state.pool.fetch(PAGE)
        return _json([dict(row) for row in rows])

    @app.get("/ticket/{ticket_id}")
    async def ticket(ticket_id: str, request: Request) -> Response:
        async with request.app.state.pool.acquire() as connection:
            row = await connection.fetchrow(TICKET, ticket_id)
            recipients = await connection.fetch(RECIPIENTS, ticket_id)
            settings = await connection.fetch(SETTINGS)
        return _json([dict(row), [dict(each) for each in recipients], len(settings)])

    @app.post("/ticket")
    async def create(request: Request) -> Response:
        body = orjson.loads(await request.body())
        values = body["number"], body["subject"], body["description"], body["account_id"]
        await request.app.state.pool.execute(INSERT, *values)
        return _json({"ok": True})

    return app


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value, default=str), media_type="application/json")


def main(dsn: str, port: int) -> None:
    """Serve until it is ended."""
    config = uvicorn.Config(
        create_app(dsn), host="127.0.0.1", port=port, log_level="warning", access_log=False
    )
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
