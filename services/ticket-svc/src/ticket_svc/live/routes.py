"""HTTP of the live feed: server-sent events (WHATWG HTML, 9.2)."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from patchbay_kit.auth import Principal
from patchbay_kit.errors import ProblemError
from patchbay_kit.http import Caller, RuntimeDep
from patchbay_kit.http.queries import QueryRoute
from ticket_svc.live.service import live_events
from ticket_svc.live.tail import LiveTail

MAX_STREAMS = 1000
# Nobody alone takes the places of all the others.
MAX_STREAMS_EACH = 100

router = APIRouter(prefix="/v1/live", tags=["live"], route_class=QueryRoute)


def _may_look(caller: Caller, runtime: RuntimeDep) -> Principal:
    """Employees, programs that may read the desk, and customers."""
    if caller.kind != "contact" and not caller.may("desk"):
        raise ProblemError(
            403,
            "permission_missing",
            "You may not do this",
            detail="This needs the permission 'desk'.",
            extra={"permission": "desk"},
        )
    tail: LiveTail = runtime.extras["live"]
    if tail.open_streams_of(caller.actor) >= MAX_STREAMS_EACH:
        raise ProblemError(
            429,
            "too_many_streams",
            "Too many of your screens are connected here",
            hint="Close some of them.",
            headers={"Retry-After": "10"},
        )
    if tail.open_streams >= MAX_STREAMS:
        raise ProblemError(
            503,
            "too_many_streams",
            "Too many screens are connected here",
            headers={"Retry-After": "10"},
        )
    return caller


@router.get(
    "",
    response_class=EventSourceResponse,
    dependencies=[Depends(_may_look)],
    summary="What happens to tickets, as it happens",
)
async def read_live(
    request: Request,
    runtime: RuntimeDep,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events about the tickets that the caller may see; customers hear of public facts
    alone.

    `hello` comes first. `change` names a ticket, what happened and its version: read the ticket for
    the rest. Its type `ticket.left` means that the ticket is the caller's to see no more. `reset`
    means that what was missed is not kept (a day is): read the lists again. Connect again with
    `Last-Event-ID` to go on without a gap.
    """
    token = request.headers["authorization"].partition(" ")[2].strip()

    async def recheck() -> Principal:
        principal: Principal = await runtime.extras["verifier"].verify(token)
        return principal

    tail: LiveTail = runtime.extras["live"]
    async for event in live_events(tail, recheck, last_event_id, runtime.db.read):
        yield event
