"""The FastAPI application of the simulator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from continuum_sim import console, control_routes, psg_routes
from continuum_sim.errors import SimError
from continuum_sim.gate import FaultGate
from continuum_sim.outcome import request_line
from continuum_sim.settings import CONTRACT, Settings
from continuum_sim.simulator import Simulator


def create_app(settings: Settings) -> FastAPI:
    """Build the application; raises StartRefusedError when the settings do not allow a start.

    The simulator is at `app.state.simulator`; `simulator.psg.code` is the code that applies. The
    lifespan runs the demo and closes the state file at its end.
    """
    simulator = Simulator(settings)
    app = FastAPI(
        title="Simulated Continuum PSA service",
        version=CONTRACT,
        lifespan=_lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.simulator = simulator
    app.add_middleware(FaultGate, simulator=simulator)
    app.include_router(psg_routes.router)
    app.include_router(control_routes.router)
    app.include_router(console.router)
    app.add_exception_handler(SimError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unknown_path)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    simulator: Simulator = app.state.simulator
    demo = asyncio.create_task(simulator.run_demo(), name="continuum-sim demo")
    try:
        yield
    finally:
        simulator.stop()
        await demo
        simulator.close()


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, SimError):
        raise error
    return _refuse(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    """Strict mode: an unknown or wrong field is a violation of the contract."""
    if not isinstance(error, RequestValidationError):
        raise error
    told = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors()[:5]
    )
    return _refuse(request, SimError(400, "invalid_request", told, violation=True))


async def _unknown_path(request: Request, error: Exception) -> Response:
    """Strict mode: a path or method that the contract does not have is a violation."""
    told = f"The contract has no {request.method} {request.url.path}."
    return _refuse(request, SimError(400, "unknown_path", told, violation=True))


def _refuse(request: Request, error: SimError) -> Response:
    simulator: Simulator = request.app.state.simulator
    with simulator.store.transaction():
        simulator.journal.write(
            request_line(request),
            error.status,
            code=error.code,
            violation=error.detail if error.violation else None,
        )
    return JSONResponse({"code": error.code, "detail": error.detail}, error.status)
