"""Builds a service's runtime and loops: the only place where the kit's parts are joined."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from patchbay_kit.auth.bearers import bearers
from patchbay_kit.blobs import FolderBlobStore, NoBlobStore
from patchbay_kit.bus import Bus
from patchbay_kit.clock import Clock, utc_now
from patchbay_kit.db import Database
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.runtime import Role, Runtime, ServiceDefinition
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.settings import BaseServiceSettings, Environment
from patchbay_kit.workers.consume import consumer_loops
from patchbay_kit.workers.lifecycle import Loop, pause
from patchbay_kit.workers.prune import prune_loop
from patchbay_kit.workers.relay import RelayLoop
from patchbay_kit.workers.waker import ListenLoop, NotifyLoop

log = structlog.get_logger(__name__)

DEVELOPMENT_KEY = "development-only-key-never-used-in-production"


def build_runtime(
    service: ServiceDefinition,
    settings: BaseServiceSettings,
    bus: Bus,
    *,
    clock: Clock = utc_now,
    role: Role = "all",
) -> Runtime:
    """Everything a service needs, wired; nothing is connected yet."""
    key = settings.secret_key.get_secret_value() if settings.secret_key else DEVELOPMENT_KEY
    if settings.env is not Environment.DEVELOPMENT and key == DEVELOPMENT_KEY:
        raise ConfigurationError(
            "PATCHBAY_SECRET_KEY: the development key is refused outside development"
        )
    runtime = Runtime(
        settings=settings,
        db=Database(
            settings.database_url,
            service=service.name,
            pool_size=settings.database_pool,
            clock=clock,
        ),
        bus=bus,
        secrets=SecretBox(key),
        blobs=FolderBlobStore(settings.blob_dir) if settings.blob_dir else NoBlobStore(),
        clock=clock,
        role=role,
    )
    if settings.jwks_url and runtime.has_api:
        runtime.extras["verifier"] = bearers(settings.jwks_url)
    if role != "relay":
        service.wire(runtime)
    return runtime


def wake_in_process(runtime: Runtime) -> asyncio.Event:
    """Let commits wake the relay of this very process."""
    wake = asyncio.Event()
    runtime.db.on_events = wake.set
    return wake


def wake_by_notify(runtime: Runtime) -> Sequence[Loop]:
    """Let commits wake relays in other processes (PostgreSQL)."""
    notify = NotifyLoop(runtime.db.url)
    runtime.db.on_events = notify.pending.set
    return [notify]


def worker_loops(service: ServiceDefinition, runtime: Runtime) -> list[Loop]:
    """Consumers, the service's own loops, and housekeeping."""
    consumers = consumer_loops(
        service.subscriptions, runtime.bus, runtime.db, batch_size=runtime.settings.batch_size
    )
    return [*consumers, *service.loops(runtime), prune_loop(runtime.db)]


def relay_loops(runtime: Runtime, wake: asyncio.Event, *, listen: bool) -> list[Loop]:
    """Relays; on PostgreSQL several at once, each with its own claim, so that confirms of one
    overlap with reads of another.
    """
    count = runtime.settings.relay_concurrency if runtime.db.is_postgres else 1
    loops: list[Loop] = [
        RelayLoop(runtime.db, runtime.bus, wake, name=f"relay:{number}") for number in range(count)
    ]
    if listen:
        loops.append(ListenLoop(runtime.db.url, wake))
    return loops


class ReadyLoop:
    """Runs a service's `on_ready` once its database answers, trying until it does."""

    def __init__(self, service: ServiceDefinition, runtime: Runtime) -> None:
        self.name = f"ready:{service.name}"
        self.done = asyncio.Event()
        self._service = service
        self._runtime = runtime
        runtime.extras.setdefault("readiness", {})["start"] = self._check

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if self._service.on_ready is not None:
                    await self._service.on_ready(self._runtime)
                self.done.set()
                return
            except ConfigurationError:
                raise
            except Exception as error:  # noqa: BLE001  # the database may not be there yet; said in /readyz
                log.warning(
                    "start.waiting",
                    service=self._service.name,
                    error=str(error),
                    kind=type(error).__name__,
                )
                await pause(1.0, stop)

    async def _check(self) -> Any:
        if not self.done.is_set():
            raise RuntimeError("still starting: waits for the database")
