"""Probes: `/livez` and `/healthz` say that the process runs, `/readyz` names everything that is
missing, `/metrics` feeds Prometheus.

Plain ASGI: a worker or a relay serves them without FastAPI, which would cost it 10 MiB.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import orjson
import structlog

from patchbay_kit.db.revisions import current_revision, head_revision
from patchbay_kit.metrics import CONTENT_TYPE, ServiceMetrics, exposition
from patchbay_kit.runtime import Runtime

log = structlog.get_logger(__name__)

CHECK_TIMEOUT = 3.0
JSON = "application/json"

# Returns nothing or a true value when fine; a text, or an exception, says what is missing.
Check = Callable[[], Awaitable[Any]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe answers."""

    body: bytes
    status: int = 200
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of one service in this process. `package` holds its migrations."""

    runtime: Runtime
    metrics: ServiceMetrics
    package: str

    def live(self) -> Answer:
        """200 as long as anybody can answer."""
        return Answer(orjson.dumps({"status": "ok", "service": self.metrics.service}))

    async def ready(self, excluded: Collection[str] = ()) -> Answer:
        """503 and a list where something is missing; checks named in `excluded` are left out."""
        checks = readiness_checks(self.runtime, self.package)
        missing = await find_missing({n: each for n, each in checks.items() if n not in excluded})
        document = {
            "status": "not_ready" if missing else "ready",
            "service": self.metrics.service,
            "missing": missing,
        }
        if missing:
            return Answer(orjson.dumps(document), 503, headers={"Retry-After": "5"})
        return Answer(orjson.dumps(document))

    async def numbers(self) -> Answer:
        """What Prometheus reads."""
        return Answer(await exposition([self.metrics]), media_type=CONTENT_TYPE)


class ProbeApp:
    """What a worker or relay serves: the probes, and 404 for everything else."""

    def __init__(self, runtime: Runtime, service: str, package: str) -> None:
        self._probes = Probes(runtime, ServiceMetrics(runtime, service), package)

    async def __call__(self, scope: MutableMapping[str, Any], _receive: Any, send: _Send) -> None:
        answer = await self._answer(scope)
        headers = {"Content-Type": answer.media_type, "X-Content-Type-Options": "nosniff"}
        headers |= {**answer.headers, "Content-Length": str(len(answer.body))}
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: MutableMapping[str, Any]) -> Answer:
        match scope["method"], scope["path"]:
            case "GET", "/livez" | "/healthz":
                return self._probes.live()
            case "GET", "/readyz":
                query = parse_qs(scope["query_string"].decode("latin-1"))
                return await self._probes.ready(query.get("exclude", ()))
            case "GET", "/metrics":
                return await self._probes.numbers()
            case _:
                return _not_here()


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


def _not_here() -> Answer:
    document = {
        "type": "/problems/route_not_found",
        "title": "Not Found",
        "status": 404,
        "code": "route_not_found",
        "detail": "This process serves probes only; the role `api` has the API.",
    }
    return Answer(orjson.dumps(document), 404, "application/problem+json")
