"""Probes and metrics of the whole hub: what each service would say by itself, in one answer."""

import orjson
from fastapi import FastAPI, Response

from patchbay_kit.metrics import CONTENT_TYPE, exposition
from patchbay_kit.probes import Check, find_missing, readiness_checks
from patchbay_kit.runtime import Runtime

PATHS = ("/livez", "/healthz", "/readyz", "/metrics")


def operations_app(runtimes: dict[str, Runtime], apps: dict[str, FastAPI]) -> FastAPI:
    """Answers PATHS; `apps` are the services' own, by service name, and hold their metrics."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    checks: dict[str, Check] = {
        f"{name}: {check}": call
        for name, runtime in runtimes.items()
        for check, call in readiness_checks(runtime, name.replace("-", "_")).items()
    }

    @app.get("/livez")
    @app.get("/healthz")
    async def live() -> dict[str, str]:
        return {"status": "ok", "service": "hub"}

    @app.get("/readyz")
    async def ready() -> Response:
        missing = await find_missing(checks)
        status = "not_ready" if missing else "ready"
        body = orjson.dumps({"status": status, "service": "hub", "missing": missing})
        return Response(body, 503 if missing else 200, media_type="application/json")

    @app.get("/metrics")
    async def numbers() -> Response:
        body = await exposition([each.state.metrics for each in apps.values()])
        return Response(body, media_type=CONTENT_TYPE)

    return app
