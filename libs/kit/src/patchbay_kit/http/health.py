"""The probes as routes of an API; `patchbay_kit.probes` says what they answer."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from patchbay_kit.probes import Answer, Probes


def probe_router(probes: Probes) -> APIRouter:
    """The four probe routes; none needs a caller.

    `/readyz?exclude=bus` leaves a check out: an API stays in service while the broker is away,
    since what it takes waits in the outbox.
    """
    router = APIRouter(tags=["probes"])

    @router.get("/livez")
    async def live() -> dict[str, str]:
        """The process runs."""
        return {"status": "ok", "service": probes.metrics.service}

    @router.get("/healthz")
    async def healthy() -> dict[str, str]:
        """The same as `/livez`, by its older name."""
        return {"status": "ok", "service": probes.metrics.service}

    @router.get("/readyz", responses={503: {"description": "Something is missing; it is named"}})
    async def ready(request: Request) -> Response:
        """Database, bus and schema are there: 503 names what is not. `exclude` leaves some out."""
        return _response(await probes.ready(request.query_params.getlist("exclude")))

    @router.get("/metrics", response_class=PlainTextResponse)
    async def numbers() -> Response:
        """For Prometheus, in its text format."""
        return _response(await probes.numbers())

    return router


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers), answer.media_type)
