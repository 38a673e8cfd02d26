"""POST /v1/tickets on PostgreSQL: asked together, opened together.

What is to be refused before there is a ticket, repetitions, and SQLite, which has no round trips to
save, are left to the plain route.
"""

from fastapi import Request, Response

from patchbay_kit.gathering import Gathering
from patchbay_kit.http.direct import caller_with, read_body
from patchbay_kit.http.idempotency import idempotency_key_of, keyed
from patchbay_kit.http.identification import runtime_of
from patchbay_kit.tracing import current_trace
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.creating_together import Asked
from ticket_svc.tickets.schemas import NewTicketRequest


async def create_directly(request: Request) -> Response | None:
    """The answer, or None where the plain route is to give it."""
    runtime = runtime_of(request)
    if not runtime.db.is_postgres:
        return None
    key = idempotency_key_of(request)
    wanted = await read_body(NewTicketRequest, request)
    caller = await caller_with("desk", request)
    if wanted is None or caller is None:
        return None
    claim = None
    if key is not None:
        claim = keyed(request, actor=caller.actor, key=key, body=await request.body())
    opening: Gathering[Asked, Response | None] = runtime.extras["opening"]
    return await opening.ask(Asked(wanted, Viewer(caller), claim, current_trace()))
