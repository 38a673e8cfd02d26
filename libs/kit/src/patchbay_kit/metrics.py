"""What Prometheus reads at `/metrics`: requests as they pass, outbox and dead letters counted when
asked.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from patchbay_kit.db.tables import dead_letter, outbox
from patchbay_kit.runtime import Runtime

log = structlog.get_logger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SCRAPE_TIMEOUT = 2.0
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ServiceMetrics:
    """One service's metrics in one process; the hub has several side by side."""

    def __init__(self, runtime: Runtime, service: str) -> None:
        self._runtime = runtime
        self.service = service
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "patchbay_http_request_seconds",
            "Time until the response was sent",
            ("service", "method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._outbox_rows = self._gauge("patchbay_outbox_rows", "Events not yet on the bus")
        self._outbox_age = self._gauge(
            "patchbay_outbox_age_seconds", "Age of the oldest event not yet on the bus"
        )
        self._dead = self._gauge("patchbay_dead_letters", "Parked messages nobody has decided on")
        self._bus = self._gauge("patchbay_bus_connected", "1 while publishing works")
        self._database = self._gauge("patchbay_database_up", "1 while the database answers")
        for add in runtime.extras.get("metrics", ()):
            add(self.registry)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request is over. `route` is the template, never the path itself."""
        self._requests.labels(self.service, method, route, str(status)).observe(seconds)

    async def render(self) -> bytes:
        """The exposition; a database that is away costs two seconds and its own numbers only."""
        health = self._runtime.bus.health()
        self._bus.labels(self.service).set(health.connected and not health.blocked)
        try:
            async with asyncio.timeout(SCRAPE_TIMEOUT):
                await self._count()
            self._database.labels(self.service).set(1)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("metrics.database_away", error=str(error), kind=type(error).__name__)
            self._database.labels(self.service).set(0)
        return generate_latest(self.registry)

    async def _count(self) -> None:
        async with self._runtime.db.read() as session:
            waiting = select(func.count(), func.min(outbox.c.created_at))
            rows, oldest = (await session.execute(waiting)).one()
            parked = await session.scalar(
                select(func.count()).where(dead_letter.c.state == "parked")
            )
        self._outbox_rows.labels(self.service).set(rows)
        self._outbox_age.labels(self.service).set(_age(oldest, self._runtime.clock))
        self._dead.labels(self.service).set(parked or 0)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, ("service",), registry=self.registry)


def _age(oldest: datetime | None, clock: Callable[[], datetime]) -> float:
    return max(0.0, (clock() - oldest).total_seconds()) if oldest else 0.0
