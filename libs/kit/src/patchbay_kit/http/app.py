"""Builds a service's FastAPI app: its routers between the conventions that all services share."""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI

from patchbay_kit.http.dead_letters import dead_letter_router
from patchbay_kit.http.health import probe_router
from patchbay_kit.http.middleware import RequestMiddleware
from patchbay_kit.http.openapi import describe, description_router
from patchbay_kit.http.problems import install_problem_handlers
from patchbay_kit.metrics import ServiceMetrics
from patchbay_kit.probes import Probes
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
    app = FastAPI(
        title=title,
        version="0.1.0",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.runtime = runtime
    metrics = ServiceMetrics(runtime, definition_name)
    app.state.metrics = metrics
    install_problem_handlers(app)
    app.add_middleware(RequestMiddleware, metrics=metrics, max_body_bytes=max_body_bytes)
    probes = Probes(runtime, metrics, package or definition_name.replace("-", "_"))
    # Routes are tried in this order: a service puts first what it is asked most. As they are, for
    # `include_router` makes each anew with the first request: 20 KiB a route.
    shared = (probe_router(probes), dead_letter_router(definition_name))
    for router in (*routers, *shared, description_router(app, definition_name)):
        app.router.routes.extend(router.routes)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app
