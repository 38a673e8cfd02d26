"""What happens at the remote later on is noted, and never changes a status (S1-11, S1-51)."""

from typing import Any

import pytest

from patchbay_contracts import ReturnReason, TicketClosed, TicketReopened
from ticket_svc.loops import loops
from ticket_svc.remote.tables import PendingRemoteEvent


@pytest.mark.covers("S1-11", "S1-51")
async def test_a_remote_close_is_a_note_and_the_ticket_stays_open(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    await desk.http.delete(f"/v1/tickets/{ticket['id']}/inbox")
    await desk.take(rmm.closed(note="Done by phone."))
    ticket = await desk.only_ticket()
    assert (ticket["status"], ticket["status_class"]) == ("new", "open")
    assert ticket["remote"]["closed_at"] == "2026-11-20T09:00:00Z"
    assert ticket["in_inbox"] is True
    (note,) = await desk.history(ticket["id"], kind="remote_closed")
    assert "Done by phone." in note["text"]
    assert "remote.closed_remotely" in await desk.reasons(ticket["id"])


@pytest.mark.covers("S1-51")
@pytest.mark.parametrize("status", ["new", "waiting", "completed", "canceled"])
async def test_no_remote_event_changes_any_status(desk: Any, rmm: Any, status: str) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    await desk.patch(f"/v1/tickets/{ticket['id']}", status=status)
    before = len(await desk.events(TicketClosed)), len(await desk.events(TicketReopened))
    await desk.take(
        rmm.noted("Hello."),
        rmm.returned(ReturnReason.WORK_COMPLETED),
        rmm.closed(),
        rmm.succeeded(ticket["id"]),
        rmm.failed(ticket["id"]),
        rmm.received(),
    )
    assert (await desk.only_ticket())["status"] == status
    after = len(await desk.events(TicketClosed)), len(await desk.events(TicketReopened))
    assert after == before


@pytest.mark.covers("S1-75", "S1-76")
@pytest.mark.parametrize(
    ("reason", "awaiting"),
    [
        (ReturnReason.WORK_COMPLETED, "done"),
        (ReturnReason.APPROVAL_REQUIRED, "approval"),
        (ReturnReason.INFO_NEEDED, "info"),
    ],
)
async def test_a_hand_back_goes_into_the_inbox_and_is_an_audit_entry(
    desk: Any, rmm: Any, reason: ReturnReason, awaiting: str
) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    await desk.http.delete(f"/v1/tickets/{ticket['id']}/inbox")
    await desk.take(rmm.returned(reason))
    ticket = await desk.only_ticket()
    assert (ticket["in_inbox"], ticket["inbox_awaiting"]) == (True, awaiting)
    entry = (await desk.history(ticket["id"], kind="audit"))[-1]
    assert reason.value in entry["text"]


@pytest.mark.covers("S1-78")
async def test_remote_notes_are_appended(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    await desk.take(rmm.noted("First."), rmm.noted("Second."))
    ticket = await desk.only_ticket()
    notes = await desk.history(ticket["id"], kind="remote_note")
    assert sorted(note["text"] for note in notes) == ["First.", "Second."]


async def test_a_refused_command_shows_in_the_inbox(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    await desk.http.delete(f"/v1/tickets/{ticket['id']}/inbox")
    await desk.take(rmm.failed(ticket["id"]))
    ticket = await desk.only_ticket()
    assert ticket["in_inbox"] is True
    assert "command.failed" in await desk.reasons(ticket["id"])


async def test_a_close_that_was_carried_out_is_in_the_history(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    await desk.post(f"/v1/tickets/{ticket['id']}/complete")
    await desk.take(rmm.succeeded(ticket["id"]))
    entry = (await desk.history(ticket["id"], kind="audit"))[-1]
    assert entry["text"] == "The RMM's ticket: close done."


async def test_what_comes_before_its_ticket_waits_for_it(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.closed(), rmm.noted("Early."))
    assert len(await desk.rows(PendingRemoteEvent)) == 2
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    kinds = [entry["kind"] for entry in await desk.history(ticket["id"])]
    assert kinds == ["remote_created", "remote_note", "remote_closed"]
    assert await desk.rows(PendingRemoteEvent) == []


async def test_the_sweep_takes_what_the_tickets_creation_could_not_see(
    desk: Any, rmm: Any, runtime: Any
) -> None:
    """Two transactions at once: one kept the event while the other made the ticket."""
    await desk.take(rmm.closed())
    (kept,) = await desk.rows(PendingRemoteEvent)
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(PendingRemoteEvent.__table__.delete())
    await desk.take(rmm.received())
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(PendingRemoteEvent.__table__.insert(), [kept])
    sweep = next(loop for loop in loops(runtime) if loop.name == "pending-remote-events")
    assert await sweep.step() is True
    assert await sweep.step() is False
    assert (await desk.only_ticket())["remote"]["closed_at"] is not None
