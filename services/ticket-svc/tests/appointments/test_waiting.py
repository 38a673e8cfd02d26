"""A closed ticket does not wait for dispatching, and reopened it waits as it did."""

from typing import Any

import pytest

from patchbay_contracts import TicketClosed, TicketReopened, TicketUpdated

WEEK = {"from": "2026-11-23T00:00:00Z", "to": "2026-11-30T00:00:00Z"}


async def waiting(desk: Any) -> tuple[list[str], int, list[str]]:
    """Who waits, by the board, the pane's count and the list."""
    board = await desk.get("/v1/dispatcher/board", **WEEK)
    counts = await desk.get("/v1/tickets/counts")
    listed = await desk.get("/v1/tickets", view="dispatcher")
    ids = [[each["id"] for each in found] for found in (board["waiting"], listed["items"])]
    return sorted(ids[0]), counts["dispatcher"], sorted(ids[1])


@pytest.mark.covers("S2-31", "X-18")
@pytest.mark.parametrize("how", ["complete", "status", "patch", "bulk"])
async def test_closing_takes_a_ticket_out_of_the_dispatcher_and_reopening_puts_it_back(
    desk: Any, how: str
) -> None:
    ticket = await desk.ticket(awaits_dispatch=True)
    path = f"/v1/tickets/{ticket['id']}"
    assert await waiting(desk) == ([ticket["id"]], 1, [ticket["id"]])
    if how == "complete":
        await desk.post(f"{path}/complete")
    elif how == "status":
        await desk.post(f"{path}/status", status="canceled")
    elif how == "patch":
        await desk.patch(path, status="completed")
    else:
        await desk.post("/v1/tickets/bulk", tickets=[ticket["id"]], action={"kind": "complete"})
    closed = await desk.get(path)
    assert (closed["status_class"], closed["awaits_dispatch"]) == ("closed", False)
    assert await waiting(desk) == ([], 0, [])
    told = (await desk.events(TicketUpdated))[-1]
    assert told.data.changed == ["status", "awaits_dispatch"]
    assert (await desk.events(TicketClosed))[-1].aggregateversion == closed["version"]
    await desk.post(f"{path}/reopen")
    opened = await desk.get(path)
    assert (opened["status"], opened["awaits_dispatch"]) == ("in_progress", True)
    assert await waiting(desk) == ([ticket["id"]], 1, [ticket["id"]])
    assert (await desk.events(TicketUpdated))[-1].data.changed == ["status", "awaits_dispatch"]
    assert (await desk.events(TicketReopened))[-1].aggregateversion == opened["version"]
    texts = [entry["text"] for entry in await desk.history(ticket["id"], kind="audit")]
    flags = [text for text in texts if text.startswith("Waiting")]
    assert flags == ["Waiting for dispatching: yes → no", "Waiting for dispatching: no → yes"]


async def test_who_did_not_wait_does_not_wait_after_reopening(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    slot = {"starts_at": "2026-11-23T08:00:00Z", "ends_at": "2026-11-23T10:00:00Z"}
    dispatched, taken_off = await desk.ticket(awaits_dispatch=True), await desk.ticket()
    await desk.post(f"/v1/tickets/{dispatched['id']}/dispatch", technicians=[mia], **slot)
    # Closed while waiting, reopened, and then taken off: it does not come back a second time.
    path = f"/v1/tickets/{taken_off['id']}"
    await desk.post(f"{path}/dispatch-flag")
    await desk.post(f"{path}/complete")
    await desk.post(f"{path}/reopen")
    assert (await desk.http.delete(f"{path}/dispatch-flag")).status_code == 204
    for ticket in (dispatched, taken_off):
        await desk.post(f"/v1/tickets/{ticket['id']}/complete")
        await desk.post(f"/v1/tickets/{ticket['id']}/reopen")
    assert await waiting(desk) == ([], 0, [])


async def test_what_is_said_of_the_flag_with_the_status_counts(desk: Any) -> None:
    ticket = await desk.ticket(awaits_dispatch=True)
    path = f"/v1/tickets/{ticket['id']}"
    await desk.patch(path, status="completed", awaits_dispatch=False)
    await desk.patch(path, status="in_progress")
    assert (await desk.get(path))["awaits_dispatch"] is False
    await desk.patch(path, awaits_dispatch=True)
    await desk.patch(path, status="completed")
    await desk.patch(path, status="in_progress", awaits_dispatch=False)
    assert await waiting(desk) == ([], 0, [])
    texts = [entry["text"] for entry in await desk.history(ticket["id"], kind="audit")]
    assert sum(text.startswith("Waiting") for text in texts) == 3


async def test_a_closed_ticket_is_not_made_to_wait(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    both = {"status": "completed", "awaits_dispatch": True}
    for body in (both, {"awaits_dispatch": True}):
        refused = await desk.http.patch(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "ticket_closed")
        await desk.post(f"{path}/complete")
    action = {"kind": "dispatch", "awaits_dispatch": True}
    bulk = await desk.post("/v1/tickets/bulk", tickets=[ticket["id"]], action=action)
    assert bulk["items"][0]["problem"]["code"] == "ticket_closed"


async def test_a_ticket_that_is_opened_as_closed_does_not_wait(desk: Any) -> None:
    await desk.patch("/v1/settings", dispatch_new_tickets=True)
    account = await desk.account()
    done = await desk.ticket(account, status="completed")
    assert done["awaits_dispatch"] is False
    body = {"account_id": account, "subject": "x", "status": "canceled", "awaits_dispatch": True}
    refused = await desk.http.post("/v1/tickets", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    assert await waiting(desk) == ([], 0, [])


async def test_a_merged_ticket_leaves_the_dispatcher_and_waits_again_after_undoing(
    desk: Any,
) -> None:
    account = await desk.account()
    source, target = await desk.ticket(account, awaits_dispatch=True), await desk.ticket(account)
    merge = await desk.post(f"/v1/tickets/{source['id']}/merge", into=target["id"])
    assert await waiting(desk) == ([], 0, [])
    await desk.post(f"/v1/ticket-merges/{merge['id']}/undo")
    assert await waiting(desk) == ([source["id"]], 1, [source["id"]])
