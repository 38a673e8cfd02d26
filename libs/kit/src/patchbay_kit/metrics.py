"""What Prometheus reads at `/metrics`: requests as they pass; outbox and dead letters when asked.

One registry per process, with the service as a label: the hub shows all of its services at once.
"""

import asyncio
from collections.abc import Sequence

import structlog
from prometheus_client import REGISTRY, Gauge, Histogram, generate_latest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from patchbay_kit.db.tables import dead_letter, outbox
from patchbay_kit.runtime import Runtime

log = structlog.get_logger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SCRAPE_TIMEOUT = 2.0

_REQUESTS = Histogram(
    "patchbay_http_request_seconds",
    "Time until the response was sent",
    ("service", "method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
_OUTBOX_ROWS = Gauge("patchbay_outbox_rows", "Events not yet on the bus", ("service",))
_OUTBOX_AGE = Gauge(
    "patchbay_outbox_age_seconds", "Age of the oldest event not yet on the bus", ("service",)
)
_DEAD = Gauge("patchbay_dead_letters", "Parked messages nobody has decided on", ("service",))
_BUS = Gauge("patchbay_bus_connected", "1 while publishing works", ("service",))
_DATABASE = Gauge("patchbay_database_up", "1 while the database answers", ("service",))


class ServiceMetrics:
    """The metrics of one service in this process."""

    def __init__(self, runtime: Runtime, service: str) -> None:
        self._runtime = runtime
        self.service = service

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request is over. `route` is the template, never the path itself."""
        _REQUESTS.labels(self.service, method, route, str(status)).observe(seconds)

    async def refresh(self) -> None:
        """Count what waits; a database that is away costs SCRAPE_TIMEOUT and its own numbers."""
        health = self._runtime.bus.health()
        _BUS.labels(self.service).set(health.connected and not health.blocked)
        try:
            async with asyncio.timeout(SCRAPE_TIMEOUT):
                await self._count()
            _DATABASE.labels(self.service).set(1)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("metrics.database_away", error=str(error), kind=type(error).__name__)
            _DATABASE.labels(self.service).set(0)

    async def _count(self) -> None:
        waiting = select(func.count(), func.min(outbox.c.created_at))
        parked = select(func.count()).where(dead_letter.c.state == "parked")
        async with self._runtime.db.read() as session:
            rows, oldest = (await session.execute(waiting)).one()
            dead = await session.scalar(parked)
        age = (self._runtime.clock() - oldest).total_seconds() if oldest else 0.0
        _OUTBOX_ROWS.labels(self.service).set(rows)
        _OUTBOX_AGE.labels(self.service).set(max(0.0, age))
        _DEAD.labels(self.service).set(dead or 0)


async def exposition(services: Sequence[ServiceMetrics]) -> bytes:
    """Everything that this process has to tell, after a look at what waits in `services`."""
    await asyncio.gather(*(service.refresh() for service in services))
    return generate_latest(REGISTRY)
