"""The PSG calls of `continuum-sim/1`."""

from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from continuum_sim.deps import CallDep, SimDep
from continuum_sim.inventory import Snapshot
from continuum_sim.models import (
    AssignCommand,
    Command,
    CreateCommand,
    DeviceQuery,
    NoQuery,
    NoteCommand,
    QueueQuery,
    TicketQuery,
)
from continuum_sim.outcome import Outcome


async def require_psg(request: Request, sim: SimDep) -> None:
    """Refuse a wrong or still pending code."""
    sim.psg.check(request.headers.get("X-PSG-Code"))


router = APIRouter(prefix="/psg/v1", tags=["psg"], dependencies=[Depends(require_psg)])


def _xml(snapshot: Snapshot) -> Outcome:
    modified = format_datetime(snapshot.generated_at.replace(microsecond=0), usegmt=True)
    return Outcome(snapshot.xml, media_type="application/xml", headers={"Last-Modified": modified})


@router.get("/sites")
async def list_sites(_: Annotated[NoQuery, Query()], sim: SimDep, call: CallDep) -> Response:
    """Return the hourly list of sites."""
    return call.run(lambda: _xml(sim.inventory.snapshot("sites")))


@router.get("/devices")
async def list_devices(
    query: Annotated[DeviceQuery, Query()], sim: SimDep, call: CallDep
) -> Response:
    """Return the hourly list of devices."""
    return call.run(lambda: _xml(sim.inventory.snapshot("devices", query.site_id)))


@router.get("/queue")
async def lease_updates(
    query: Annotated[QueueQuery, Query()], sim: SimDep, call: CallDep
) -> Response:
    """Lease updates."""

    def work() -> Outcome:
        body, count = sim.queue.lease(query.max)
        return Outcome(body, effect=f"lease:{count}" if count else None)

    return call.run(work)


@router.post("/queue/{batch_id}/ack")
async def acknowledge(batch_id: str, sim: SimDep, call: CallDep) -> Response:
    """Acknowledge a leased batch."""

    def work() -> Outcome:
        count = sim.queue.acknowledge(batch_id)
        return Outcome({"acknowledged": count}, effect=f"ack:{count}" if count else None)

    return call.run(work)


@router.post("/tickets", status_code=201)
async def create_ticket(body: CreateCommand, sim: SimDep, call: CallDep) -> Response:
    """Create a ticket."""
    return call.run(lambda: sim.commands.create(body))


@router.get("/tickets")
async def find_tickets(
    query: Annotated[TicketQuery, Query()], sim: SimDep, call: CallDep
) -> Response:
    """Find tickets by external reference."""
    return call.run(lambda: Outcome({"items": sim.desk.find(query.external_ref)}))


@router.get("/tickets/{ticket_id}")
async def get_ticket(ticket_id: str, sim: SimDep, call: CallDep) -> Response:
    """Return one ticket."""
    return call.run(lambda: Outcome(sim.desk.view(ticket_id)))


@router.post("/tickets/{ticket_id}/close")
async def close_ticket(
    ticket_id: str, sim: SimDep, call: CallDep, body: Command | None = None
) -> Response:
    """Close a ticket."""
    return call.run(lambda: sim.commands.close(ticket_id, body or Command.model_validate({})))


@router.post("/tickets/{ticket_id}/assign")
async def assign_ticket(
    ticket_id: str, body: AssignCommand, sim: SimDep, call: CallDep
) -> Response:
    """Hand a ticket to a group."""
    return call.run(lambda: sim.commands.assign(ticket_id, body))


@router.post("/tickets/{ticket_id}/notes")
async def add_note(ticket_id: str, body: NoteCommand, sim: SimDep, call: CallDep) -> Response:
    """Append a note."""
    return call.run(lambda: sim.commands.note(ticket_id, body))
