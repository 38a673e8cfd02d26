"""What the routes are given."""

from typing import Annotated, cast

from fastapi import Depends, Request

from continuum_sim.outcome import Call
from continuum_sim.simulator import Simulator


async def get_simulator(request: Request) -> Simulator:
    """Return the application's simulator."""
    return cast("Simulator", request.app.state.simulator)


SimDep = Annotated[Simulator, Depends(get_simulator)]


async def get_call(request: Request, sim: SimDep) -> Call:
    """Return the request as something to answer."""
    return Call(sim.store, sim.journal, request)


CallDep = Annotated[Call, Depends(get_call)]
