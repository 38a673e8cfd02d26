"""The control API under `/__sim/`: what tests and the demo use to move the simulated world.

It has no authentication; it belongs on a loopback or a private network.
"""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from continuum_sim.control_models import (
    ClockChange,
    ConsoleClose,
    ConsoleNote,
    ConsoleReturn,
    EffectsQuery,
    FaultSpec,
    LogQuery,
    PsgChange,
    ScenarioSpec,
)
from continuum_sim.deps import CallDep, SimDep
from continuum_sim.effects import effects
from continuum_sim.errors import SimError
from continuum_sim.models import DeviceSpec, NoQuery, SiteSpec, TicketSpec
from continuum_sim.outcome import Outcome
from continuum_sim.storm import Storm

router = APIRouter(prefix="/__sim", tags=["control"])


def _made(ids: list[str], what: str, one: bool) -> Outcome:
    body = {"id": ids[0]} if one else {"count": len(ids), "ids": ids}
    return Outcome(body, status=201, effect=f"{what}:{len(ids)}")


@router.post("/sites", status_code=201)
async def put_sites(body: SiteSpec | list[SiteSpec], sim: SimDep, call: CallDep) -> Response:
    """Add or replace sites."""
    specs = body if isinstance(body, list) else [body]
    one = not isinstance(body, list)
    return call.run(lambda: _made(sim.inventory.put_sites(specs), "sites", one))


@router.delete("/sites/{site_id}")
async def remove_site(site_id: str, sim: SimDep, call: CallDep) -> Response:
    """Remove a site."""
    return call.run(lambda: _removed(sim.inventory.remove_site(site_id), "site"))


@router.post("/devices", status_code=201)
async def put_devices(body: DeviceSpec | list[DeviceSpec], sim: SimDep, call: CallDep) -> Response:
    """Add or replace devices."""
    specs = body if isinstance(body, list) else [body]
    one = not isinstance(body, list)
    return call.run(lambda: _made(sim.inventory.put_devices(specs), "devices", one))


@router.delete("/devices/{device_id}")
async def remove_device(device_id: str, sim: SimDep, call: CallDep) -> Response:
    """Remove a device."""
    return call.run(lambda: _removed(sim.inventory.remove_device(device_id), "device"))


def _removed(found: bool, what: str) -> Outcome:
    if not found:
        raise SimError(404, f"unknown_{what}", f"There is no such {what}.")
    return Outcome({"removed": 1}, effect=f"{what}:removed")


@router.post("/snapshots")
async def publish_snapshots(sim: SimDep, call: CallDep) -> Response:
    """Generate both lists now instead of at the next hour."""

    def work() -> Outcome:
        sim.inventory.publish()
        return Outcome({"generatedAt": sim.clock.stamp()}, effect="snapshots")

    return call.run(work)


@router.post("/tickets", status_code=201)
async def raise_tickets(
    body: TicketSpec | list[TicketSpec], sim: SimDep, call: CallDep
) -> Response:
    """Raise tickets in the console."""
    specs = body if isinstance(body, list) else [body]

    def work() -> Outcome:
        ids = sim.desk.raise_tickets(specs)
        if isinstance(body, list):
            return Outcome(
                {"count": len(ids), "ticketIds": ids}, status=201, effect=f"raise:{len(ids)}"
            )
        return Outcome(sim.desk.view(ids[0]), status=201, effect="raise:1", ticket_id=ids[0])

    return call.run(work)


@router.post("/tickets/{ticket_id}/close")
async def close_in_console(
    ticket_id: str, sim: SimDep, call: CallDep, body: ConsoleClose | None = None
) -> Response:
    """Close a ticket as the remote team does."""

    def work() -> Outcome:
        sim.desk.close(ticket_id, "console", body.note if body else "", None)
        return Outcome(sim.desk.view(ticket_id), effect="console:close")

    return call.run(work)


@router.post("/tickets/{ticket_id}/return")
async def return_to_partner(
    ticket_id: str, body: ConsoleReturn, sim: SimDep, call: CallDep
) -> Response:
    """Hand a ticket back as the remote team does."""

    def work() -> Outcome:
        sim.desk.hand_back(ticket_id, body.reason, body.note)
        return Outcome(sim.desk.view(ticket_id), effect="console:return")

    return call.run(work)


@router.post("/tickets/{ticket_id}/note")
async def note_in_console(
    ticket_id: str, body: ConsoleNote, sim: SimDep, call: CallDep
) -> Response:
    """Write a note as the remote team does."""

    def work() -> Outcome:
        sim.desk.write_note(ticket_id, body.note, "console", None)
        return Outcome(sim.desk.view(ticket_id), effect="console:note")

    return call.run(work)


@router.post("/clock")
async def change_clock(body: ClockChange, sim: SimDep, call: CallDep) -> Response:
    """Move or freeze simulated time."""

    def work() -> Outcome:
        target = body.set or sim.clock.now() + timedelta(seconds=body.advance or 0)
        sim.clock.move_to(target, freeze=body.freeze)
        return Outcome({"now": sim.clock.stamp(), "frozen": sim.clock.frozen}, effect="clock")

    return call.run(work)


@router.post("/psg")
async def change_psg(body: PsgChange, sim: SimDep, call: CallDep) -> Response:
    """Set the PSG code or the end of its propagation."""

    def work() -> Outcome:
        until = body.pending_until
        if until is None and body.pending_seconds is not None:
            until = sim.clock.now() + timedelta(seconds=body.pending_seconds)
        sim.psg.change(body.code, until)
        return Outcome({"pending": sim.psg.pending_until is not None}, effect="psg")

    return call.run(work)


@router.post("/faults", status_code=201)
async def add_faults(body: FaultSpec | list[FaultSpec], sim: SimDep, call: CallDep) -> Response:
    """Schedule faults."""
    specs = body if isinstance(body, list) else [body]
    return call.run(
        lambda: Outcome({"ids": sim.faults.add(specs)}, status=201, effect=f"faults:{len(specs)}")
    )


@router.get("/faults")
async def list_faults(_: Annotated[NoQuery, Query()], sim: SimDep, call: CallDep) -> Response:
    """List the faults that are still to come."""
    return call.read(lambda: Outcome({"items": sim.faults.waiting()}))


@router.delete("/faults")
async def clear_faults(sim: SimDep, call: CallDep) -> Response:
    """Forget all faults."""
    return call.run(lambda: Outcome({"removed": sim.faults.clear()}, effect="faults:cleared"))


@router.post("/scenario")
async def play_scenario(body: ScenarioSpec, sim: SimDep, call: CallDep) -> Response:
    """Start or stop the demo, or raise a storm."""

    def work() -> Outcome:
        answer: dict[str, Any] = {"scenario": body.name}
        if body.name == "storm":
            answer.update(Storm(body, sim.inventory, sim.desk, sim.queue).run())
        elif body.name == "demo":
            answer["interval"] = sim.demo.begin(body.seed, body.interval).interval_seconds
        else:
            sim.demo.end()
        return Outcome(answer, effect=f"scenario:{body.name}")

    return call.run(work)


@router.get("/log")
async def read_log(query: Annotated[LogQuery, Query()], sim: SimDep, call: CallDep) -> Response:
    """Read the request journal."""
    return call.read(lambda: Outcome({"items": sim.journal.read(query)}))


@router.get("/effects")
async def read_effects(
    query: Annotated[EffectsQuery, Query()], sim: SimDep, call: CallDep
) -> Response:
    """Read what was done to the tickets."""
    return call.read(lambda: Outcome(effects(sim.store, query)))


@router.get("/state")
async def read_state(_: Annotated[NoQuery, Query()], sim: SimDep, call: CallDep) -> Response:
    """Read a summary."""
    return call.read(lambda: Outcome(sim.state()))
