"""A small service for these tests: notes, with every convention that the kit gives a service."""

import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Request, Response
from sqlalchemy import Column, Integer, MetaData, String, Table, event, func, insert, select

from patchbay_contracts import AccountRenamed
from patchbay_kit.db import IdType, UnitOfWork, UtcDateTime
from patchbay_kit.db.tables import metadata as kit_metadata
from patchbay_kit.errors import conflict, not_found
from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    RequestModel,
    ResponseModel,
    RuntimeDep,
    TransactionalRoute,
    Uow,
    check_if_match,
    create_service_app,
    etag,
    keyset,
    require,
)
from patchbay_kit.ids import new_id
from patchbay_kit.messaging import Subscriptions
from patchbay_kit.runtime import Runtime, ServiceDefinition
from patchbay_kit.settings import BaseServiceSettings
from patchbay_kit.testing.harness import make_runtime
from patchbay_kit.testing.servers.ports import free_port

_MIGRATION = """
import sqlalchemy as sa
from alembic import op
from patchbay_kit.db.migrate import create_kit_tables
from patchbay_kit.db.types import IdType, UtcDateTime

revision = "create_note"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
    op.create_table(
        "note",
        sa.Column("id", IdType, nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_note"),
        sa.UniqueConstraint("text", name="uq_note_text"),
    )
"""


@dataclass
class Notes:
    """The service's definition, its table, and hooks for a test to reach into a running request."""

    service: ServiceDefinition
    table: Table
    hooks: dict[str, Any] = field(default_factory=dict)

    async def count(self, runtime: Runtime) -> int:
        return int(await runtime.db.scalar(select(func.count()).select_from(self.table)))


class NoteIn(RequestModel):
    text: str
    rank: int = 0


class NoteOut(ResponseModel):
    id: str
    text: str
    rank: int


@pytest.fixture(scope="session")
def sample_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("packages")
    versions = folder / "notes_svc" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "notes_svc" / "__init__.py").write_text("")
    (versions / "2026_01_01_0000_create_note.py").write_text(_MIGRATION)
    sys.path.insert(0, str(folder))
    yield "notes_svc"
    sys.path.remove(str(folder))


@pytest.fixture
def notes(sample_package: str) -> Notes:
    metadata = MetaData(naming_convention=kit_metadata.naming_convention)
    table = Table(
        "note",
        metadata,
        Column("id", IdType, primary_key=True),
        Column("text", String(200), nullable=False, unique=True),
        Column("rank", Integer, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
    )
    hooks: dict[str, Any] = {}

    def create_app(runtime: Runtime) -> FastAPI:
        routers = [_note_router(table, hooks), _odd_router(table), _own_unit_router()]
        return create_service_app(runtime, "notes-svc", routers, title="Notes")

    service = ServiceDefinition(
        name="notes-svc",
        package=sample_package,
        settings=BaseServiceSettings,
        load_metadata=lambda: metadata,
        load_subscriptions=lambda: Subscriptions("notes-svc", ()),
        prefixes=("/v1/notes",),
        create_app=create_app,
    )
    return Notes(service, table, hooks)


@pytest.fixture
async def runtime(notes: Notes, database_url: str) -> AsyncIterator[Runtime]:
    async with make_runtime(notes.service, database_url) as made:
        yield made


@pytest.fixture
async def sqlite_runtime(notes: Notes, tmp_path: Path) -> AsyncIterator[Runtime]:
    async with make_runtime(notes.service, f"sqlite+aiosqlite:///{tmp_path}/n.db") as made:
        yield made


def _note_router(table: Table, hooks: dict[str, Any]) -> APIRouter:
    router = APIRouter(prefix="/v1/notes", route_class=TransactionalRoute)

    async def add(uow: UnitOfWork, note: NoteIn) -> NoteOut:
        row = {"id": new_id(), "created_at": uow.now, **note.model_dump()}
        await uow.session.execute(insert(table).values(row))
        uow.publish(
            AccountRenamed(account_id=row["id"], name=note.text or "-", auto_created=False),
            subject=row["id"],
            version=1,
        )
        return NoteOut.model_validate(row, from_attributes=False)

    @router.post("", status_code=201)
    async def create(note: NoteIn, uow: Uow, caller: Caller, response: Response) -> NoteOut:
        if hook := hooks.get("before"):
            await hook()
        made = await add(uow, note)
        if hook := hooks.get("after"):
            await hook()
        response.headers["Location"] = f"/v1/notes/{made.id}"
        response.headers["X-Actor"] = caller.actor
        return made

    @router.get("")
    async def listing(session: Reader, params: PageParams) -> Page[NoteOut]:
        statement = keyset(select(table), [table.c.created_at, table.c.id], params)
        rows = (await session.execute(statement)).all()
        return params.page(
            rows, key=lambda row: (row.created_at, row.id), item=NoteOut.model_validate
        )

    @router.get("/by-rank")
    async def by_rank(session: Reader, params: PageParams) -> Page[NoteOut]:
        statement = keyset(select(table), [table.c.rank, table.c.id], params, descending=False)
        rows = (await session.execute(statement)).all()
        return params.page(rows, key=lambda row: (row.rank, row.id), item=NoteOut.model_validate)

    @router.get("/{note_id}")
    async def read(note_id: str, session: Reader, response: Response) -> NoteOut:
        row = (await session.execute(select(table).where(table.c.id == note_id))).one_or_none()
        if row is None:
            raise not_found("note", note_id)
        response.headers["ETag"] = etag(row.rank)
        return NoteOut.model_validate(row)

    @router.patch("/{note_id}")
    async def change(note_id: str, note: NoteIn, request: Request, uow: Uow) -> NoteOut:
        statement = select(table).where(table.c.id == note_id)
        row = (await uow.session.execute(statement)).one()
        check_if_match(request, row.rank)
        return NoteOut(id=note_id, text=note.text, rank=row.rank + 1)

    return router


def _own_unit_router() -> APIRouter:
    router = APIRouter(prefix="/v1/own-unit", route_class=TransactionalRoute)

    @router.post("")
    async def begin_another(runtime: RuntimeDep) -> dict[str, bool]:
        async with runtime.db.unit_of_work():
            return {"ok": True}

    return router


def _odd_router(table: Table) -> APIRouter:
    router = APIRouter(prefix="/v1/odd", route_class=TransactionalRoute)

    async def write(uow: UnitOfWork, text: str) -> None:
        row = {"id": new_id(), "text": text, "rank": 0, "created_at": uow.now}
        await uow.session.execute(insert(table).values(row))

    @router.post("/write-then-refuse")
    async def refuse(uow: Uow) -> None:
        await write(uow, "refused")
        raise conflict("no_way", "No way")

    @router.post("/write-then-crash")
    async def crash(uow: Uow) -> None:
        await write(uow, "crashed")
        raise RuntimeError("the secret of the database is 42")

    @router.post("/secret")
    async def secret(uow: Uow, response: Response) -> dict[str, str]:
        await write(uow, "secret")
        response.headers["Cache-Control"] = "no-store"
        return {"token": "s3cret"}

    @router.post("/echo")
    async def echo(body: Annotated[Any, Body()]) -> Any:
        return body

    @router.get("/crash")
    async def crash_reading() -> None:
        raise RuntimeError("the secret of the database is 42")

    @router.get("/admin")
    async def admin(
        _caller: Annotated[Any, Depends(require("employees.admin"))],
    ) -> dict[str, bool]:
        return {"ok": True}

    return router


@pytest.fixture
async def pg_notes(notes: Notes, pg_url: str) -> AsyncIterator[Runtime]:
    """On PostgreSQL only, with a lock time-out short enough to wait for."""
    async with make_runtime(notes.service, pg_url) as made:

        @event.listens_for(made.db.engine.sync_engine, "connect")
        def _shorten(connection: Any, _record: Any) -> None:
            connection.cursor().execute("SET lock_timeout = 200")

        yield made


@pytest.fixture
def free_address() -> str:
    """A PostgreSQL address where nobody listens."""
    return f"postgresql+asyncpg://nobody:x@127.0.0.1:{free_port()}/none"
