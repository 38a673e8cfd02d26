"""Builds a service's FastAPI app: its routers between the conventions that all services share."""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI

from patchbay_kit.http.dead_letters import dead_letter_router
from patchbay_kit.http.health import probe_router
from patchbay_kit.http.middleware import RequestMiddleware
from patchbay_kit.http.openapi import describe, description_router
from patchbay_kit.http.problems import install_problem_handlers
from patchbay_kit.metrics import ServiceMetrics
from patchbay_kit.runtime import Runtime

MAX_BODY_BYTES = 5_000_000


def create_service_app(
    runtime: Runtime,
    definition_name: str,
    routers: Iterable[APIRouter],
    *,
    title: str,
    package: str | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> FastAPI:
    """The app of the service `definition_name`.

    `package` (default: the name with underscores) holds its migrations.

    Swagger's pages are left off: their scripts would come from somebody else's host.
    """
    app = _bare_app(runtime, definition_name, title, package, max_body_bytes)
    app.include_router(dead_letter_router(definition_name))
    for router in routers:
        app.include_router(router)
    app.include_router(description_router(app, definition_name))
    return app


def create_probe_app(runtime: Runtime, name: str, *, package: str | None = None) -> FastAPI:
    """Probes and metrics only: what a worker or relay serves."""
    return _bare_app(runtime, name, name, package, MAX_BODY_BYTES)


def _bare_app(
    runtime: Runtime, name: str, title: str, package: str | None, max_body_bytes: int
) -> FastAPI:
    app = FastAPI(
        title=title,
        version="0.1.0",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.runtime = runtime
    metrics = ServiceMetrics(runtime, name)
    app.state.metrics = metrics
    install_problem_handlers(app)
    app.add_middleware(RequestMiddleware, metrics=metrics, max_body_bytes=max_body_bytes)
    app.include_router(probe_router(runtime, metrics, package or name.replace("-", "_")))
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app
