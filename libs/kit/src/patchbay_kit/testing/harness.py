"""Runs one service inside a test: migrated database, real consumer code, real HTTP app."""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
import orjson
import structlog
from argon2 import PasswordHasher
from sqlalchemy import Dialect, Engine, event, make_url, select
from sqlalchemy.util import LRUCache

from patchbay_contracts import Envelope, EventData, QueueSpec, decode, schema_uri
from patchbay_kit.assembly import build_runtime
from patchbay_kit.auth import (
    Principal,
    PrincipalKind,
    SigningKey,
    StaticKeys,
    TokenIssuer,
    TokenVerifier,
    Verifier,
    passwords,
)
from patchbay_kit.bus import (
    Bus,
    BusHealth,
    BusSubscription,
    BusUnavailable,
    Delivery,
    OutgoingMessage,
    PublishOutcome,
    QueueDepth,
)
from patchbay_kit.clock import Clock, utc_now
from patchbay_kit.db.migrate import migrate
from patchbay_kit.db.tables import outbox
from patchbay_kit.errors import ProblemError
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime, ServiceDefinition
from patchbay_kit.settings import load_settings
from patchbay_kit.testing.apps import app_of
from patchbay_kit.tracing import new_traceparent
from patchbay_kit.workers.processing import BatchProcessor, Verdict

T = TypeVar("T", bound=EventData)

_SIGNING_KEY = SigningKey.generate()
# Argon2id at its usual cost would be most of what a test of a service takes.
passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
# Migrated and empty SQLite files by service: a migration takes a hundred times longer than a copy.
_TEMPLATES: dict[str, Path] = {}
_TEMPLATING = threading.Lock()
_TEMPLATE_FOLDER = tempfile.TemporaryDirectory(prefix="pb-templates-")
# What one test's engine compiled, the next one's has: SQL texts are kept by dialect object.
_DIALECTS: dict[str, Dialect] = {}
_COMPILED: LRUCache[Any, Any] = LRUCache(2_000)


class RecordingBus:
    """A bus for tests of one service: takes every message, delivers none. `messages` keeps them."""

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []
        self.state = BusHealth(connected=True)

    async def start(self) -> None:
        return

    async def publish(self, messages: Sequence[OutgoingMessage]) -> list[PublishOutcome]:
        self.messages.extend(messages)
        return [PublishOutcome.CONFIRMED] * len(messages)

    async def subscribe(self, queue: str, *, prefetch: int) -> BusSubscription:
        raise BusUnavailable(f"{queue}: this bus delivers nothing; use `deliver`")

    async def depth(self, queue: str) -> QueueDepth:
        return QueueDepth(queue, 0, 0, 0)

    def health(self) -> BusHealth:
        return self.state

    async def stop(self) -> None:
        return


class _TestVerifier:
    """Accepts the harness's own tokens; anything else is for the service's verifier."""

    def __init__(self, other: Verifier | None) -> None:
        self._own = TokenVerifier(StaticKeys([_SIGNING_KEY]))
        self._other = other
        # Tickets that everybody sees, where no ticket-svc can be asked; see `show`.
        self.shown: set[str] = set()

    async def sees(self, token: str, ticket_id: str) -> bool:
        return ticket_id in self.shown

    async def verify(self, token: str) -> Principal:
        try:
            return await self._own.verify(token)
        except ProblemError:
            if self._other is None:
                raise
            return await self._other.verify(token)


@asynccontextmanager
async def make_runtime(
    service: ServiceDefinition,
    database_url: str,
    *,
    bus: Bus | None = None,
    clock: Clock = utc_now,
    **settings: Any,
) -> AsyncIterator[Runtime]:
    """The service's runtime on a migrated database, after its `on_ready`.

    `settings` are fields of its settings class. Tokens of `client` and `bearer` are accepted beside
    those that the service's own verifier accepts.
    """
    if not structlog.is_configured():
        _log_plainly()
    await asyncio.to_thread(_migrated, service, database_url)
    values = {"env": "development", "bus_url": "embedded:///unused", **settings}
    loaded = load_settings(service.settings, database_url=database_url, **values)
    runtime = build_runtime(service, loaded, bus or RecordingBus(), clock=clock)
    _spare_work(runtime.db.engine.sync_engine)
    try:
        if service.on_ready is not None:
            await service.on_ready(runtime)
        runtime.extras["verifier"] = _TestVerifier(runtime.extras.get("verifier"))
        yield runtime
    finally:
        await runtime.db.close()


def _migrated(service: ServiceDefinition, database_url: str) -> None:
    """Migrate, or for a new SQLite file copy one that this process migrated before."""
    path = Path(make_url(database_url).database or "")
    if not database_url.startswith("sqlite") or path.exists():
        migrate(service.package, database_url, service.metadata)
        return
    with _TEMPLATING:
        if service.name not in _TEMPLATES:
            template = Path(_TEMPLATE_FOLDER.name) / f"{service.name}.db"
            migrate(service.package, f"sqlite+aiosqlite:///{template}", service.metadata)
            _TEMPLATES[service.name] = template
    shutil.copyfile(_TEMPLATES[service.name], path)


def _spare_work(engine: Engine) -> None:
    """Share compiled statements, and let no test wait for the disk: a crash of the machine ends
    the test run as well.
    """
    if engine.dialect.name != "sqlite":
        return
    engine.dialect = _DIALECTS.setdefault("sqlite", engine.dialect)
    engine.update_execution_options(compiled_cache=_COMPILED)

    @event.listens_for(engine, "connect")
    def _never_wait(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.close()


def make_envelope(
    data: T, *, subject: str, version: int = 1, event_id: str | None = None, **extra: Any
) -> Envelope[T]:
    """An event as another service would publish it; `extra` are members such as `actor`."""
    identifier = event_id or new_id()
    members = {
        "id": identifier,
        "source": "/services/test",
        "type": data.event_type,
        "subject": subject,
        "time": utc_now(),
        "dataschema": schema_uri(data.event_type),
        "traceparent": new_traceparent(),
        "correlationid": identifier,
        "actor": "system:test",
        "aggregateversion": version,
        **extra,
        "data": data,
    }
    envelope = cast("type[Envelope[T]]", Envelope.__class_getitem__(type(data)))
    return envelope.model_validate(members)


async def deliver(
    runtime: Runtime,
    service: ServiceDefinition,
    envelopes: Iterable[Envelope[Any]],
    *,
    attempt: int = 1,
) -> list[Verdict]:
    """Hand the events to every queue of the service that wants them, as one batch each.

    Runs the consumers' own code: inbox, one transaction, retries and dead letters. A verdict with
    `retry_step` means that the bus would bring the event again. An event that no queue wants is an
    AssertionError.
    """
    events = list(envelopes)
    verdicts: list[Verdict] = []
    wanted: set[str] = set()
    for queue in service.subscriptions.queues():
        deliveries = _deliveries(queue, events, attempt)
        wanted.update(delivery.event_id for delivery in deliveries)
        if deliveries:
            handlers = service.subscriptions.handlers(queue.name)
            processor = BatchProcessor(runtime.db, queue.name, handlers)
            verdicts += await processor.process(deliveries)
    unwanted = [event.type for event in events if event.id not in wanted]
    assert not unwanted, f"{service.name} has no subscription for {unwanted}"
    return verdicts


async def published(runtime: Runtime) -> list[Envelope[Any]]:
    """What is in the outbox, oldest first, checked against the catalogue."""
    async with runtime.db.read() as session:
        rows = (await session.execute(select(outbox).order_by(outbox.c.seq))).all()
    return [decode(row.type, row.payload.encode()) for row in rows]


def make_principal(
    permissions: Iterable[str] = ("*",), *, kind: PrincipalKind = "employee", **fields: Any
) -> Principal:
    """A caller for `client` and `bearer`."""
    values = {"id": new_id(), "name": "Terry Tester", "email": "terry@desk.example", **fields}
    return Principal(kind=kind, permissions=frozenset(permissions), **values)


def show(runtime: Runtime, ticket_id: str) -> None:
    """Let callers without `tickets.all` see the ticket in a service that does not keep tickets."""
    runtime.extras["verifier"].shown.add(ticket_id)


def bearer(principal: Principal) -> dict[str, str]:
    """The Authorization header of a token that `make_runtime`'s verifier accepts."""
    return {"Authorization": f"Bearer {TokenIssuer([_SIGNING_KEY]).issue(principal).token}"}


@asynccontextmanager
async def client(
    runtime: Runtime,
    service: ServiceDefinition,
    *,
    permissions: Iterable[str] | None = ("*",),
    principal: Principal | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the service's app, signed in; with `permissions=None` it is not."""
    headers = {}
    if principal is not None or permissions is not None:
        headers = bearer(principal or make_principal(permissions or ()))
    with app_of(service, runtime) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://service.test", headers=headers
        ) as opened:
            yield opened


def _log_plainly() -> None:
    # structlog's default prints every local variable of a traceback: slow, and secrets are in them.
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            renderer,
        ]
    )


def _deliveries(queue: QueueSpec, events: Iterable[Envelope[Any]], attempt: int) -> list[Delivery]:
    return [
        Delivery(event.id, event.type, _body(event), attempt, queue.name)
        for event in events
        if event.type in queue.routing_keys
    ]


def _body(event: Envelope[Any]) -> bytes:
    return orjson.dumps(event.model_dump(mode="json", exclude_none=True))
