"""Probes: `/livez` and `/healthz` say that the process runs, `/readyz` names everything that is
missing, `/metrics` feeds Prometheus.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request, Response

from patchbay_kit.db.migrate import current_revision, head_revision
from patchbay_kit.metrics import CONTENT_TYPE, ServiceMetrics, exposition
from patchbay_kit.runtime import Runtime

log = structlog.get_logger(__name__)

CHECK_TIMEOUT = 3.0

# Returns nothing or a true value when fine; a text, or an exception, says what is missing.
Check = Callable[[], Awaitable[Any]]


def probe_router(runtime: Runtime, metrics: ServiceMetrics, package: str) -> APIRouter:
    """The four probe routes; none needs a caller.

    `/readyz?exclude=bus` leaves a check out: an API stays in service while the broker is away,
    since what it takes waits in the outbox.
    """
    router = APIRouter(tags=["probes"])

    @router.get("/livez")
    async def live() -> dict[str, str]:
        return {"status": "ok", "service": metrics.service}

    @router.get("/healthz")
    async def healthy() -> dict[str, str]:
        return {"status": "ok", "service": metrics.service}

    @router.get("/readyz", responses={503: {"description": "Something is missing; it is named"}})
    async def ready(request: Request) -> Response:
        skipped = set(request.query_params.getlist("exclude"))
        checks = readiness_checks(runtime, package)
        missing = await find_missing({n: each for n, each in checks.items() if n not in skipped})
        document = {
            "status": "not_ready" if missing else "ready",
            "service": metrics.service,
            "missing": missing,
        }
        status = 503 if missing else 200
        headers = {"Retry-After": "5"} if missing else None
        return Response(orjson.dumps(document), status, headers, "application/json")

    @router.get("/metrics")
    async def numbers() -> Response:
        return Response(await exposition([metrics]), media_type=CONTENT_TYPE)

    return router


def readiness_checks(runtime: Runtime, package: str) -> dict[str, Check]:
    """What has to be there: database, its schema, the bus, and what `runtime.extras["readiness"]`
    adds.
    """
    own: Mapping[str, Check] = runtime.extras.get("readiness", {})
    return {
        "database": runtime.db.ping,
        "migrations": partial(_migrated, runtime, package),
        "bus": partial(_bus, runtime),
        **own,
    }


async def find_missing(checks: Mapping[str, Check]) -> list[dict[str, str]]:
    """Run all checks at once, each within CHECK_TIMEOUT; what failed, by name and reason."""
    details = await asyncio.gather(*(_detail(name, check) for name, check in checks.items()))
    found = zip(checks, details, strict=True)
    return [{"name": name, "detail": detail} for name, detail in found if detail is not None]


async def _detail(name: str, check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            outcome = await check()
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT:g} s"
    except Exception as error:  # noqa: BLE001  # any failure of a check means "missing", and is reported
        # The text may hold addresses; it goes to the log, the kind of error is enough outside.
        log.warning("readiness.missing", check=name, error=str(error), kind=type(error).__name__)
        return f"not available ({type(error).__name__})"
    return outcome if isinstance(outcome, str) else None


async def _migrated(runtime: Runtime, package: str) -> str | None:
    head = head_revision(package)
    current = await current_revision(runtime.db.engine)
    return None if current == head else f"schema is at {current or 'nothing'}, not at {head}"


async def _bus(runtime: Runtime) -> str | None:
    health = runtime.bus.health()
    if not health.connected:
        return health.detail or "not connected"
    return (health.detail or "blocked by the broker") if health.blocked else None
