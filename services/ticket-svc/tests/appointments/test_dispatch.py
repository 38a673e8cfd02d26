"""Dispatching tickets: the flag, the board, and appointing technicians."""

import asyncio
from typing import Any

import pytest

from patchbay_contracts import AppointmentCreated, TicketDispatched, TicketUpdated
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE

SLOT = {"starts_at": "2026-11-23T08:00:00Z", "ends_at": "2026-11-23T10:00:00Z"}
WEEK = {"from": "2026-11-23T00:00:00Z", "to": "2026-11-30T00:00:00Z"}


@pytest.mark.covers("S2-31", "S2-32", "X-18")
async def test_the_flag_puts_a_ticket_on_the_board_and_takes_it_off(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['number']}/dispatch-flag"
    waiting = await desk.post(path)
    assert waiting["awaits_dispatch"] is True
    assert (await desk.post(path))["version"] == waiting["version"]
    board = await desk.get("/v1/dispatcher/board", **WEEK)
    assert [each["id"] for each in board["waiting"]] == [ticket["id"]]
    stale = await desk.http.delete(path, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await desk.http.delete(path)).status_code == 204
    assert (await desk.http.delete(path)).status_code == 204
    assert (await desk.get("/v1/dispatcher/board", **WEEK))["waiting"] == []
    changed = [event.data.changed for event in await desk.events(TicketUpdated)]
    assert changed == [["awaits_dispatch"]] * 2
    audits = await desk.history(ticket["id"], kind="audit")
    assert [entry["data"].get("field") for entry in audits][-2:] == ["awaits_dispatch"] * 2
    await desk.post(f"/v1/tickets/{ticket['id']}/complete")
    refused = await desk.http.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket_closed")


@pytest.mark.covers("S2-33", "X-17")
async def test_a_dispatch_appoints_technicians_schedules_the_ticket_and_takes_it_off_the_board(
    desk: Any,
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    leo = await desk.employee("Leo", "leo@desk.example")
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    flagged = await desk.post(f"{path}/dispatch-flag")
    body = {"technicians": [mia, leo, mia], **SLOT, "note": "Bring a disk"}
    answer = await desk.http.post(f"{path}/dispatch", json=body)
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["status"], done["awaits_dispatch"], done["conflicts"]) == ("scheduled", False, [])
    assert [a["employee_id"] for a in done["appointments"]] == [mia, leo]
    assert {a["subject"] for a in done["appointments"]} == {"Printer"}
    assert answer.headers["ETag"] == f'"{done["version"]}"'
    assert (await desk.get(path))["version"] == done["version"]
    updated = (await desk.events(TicketUpdated))[-1]
    assert sorted(updated.data.changed) == ["awaits_dispatch", "status"]
    assert updated.aggregateversion == flagged["version"] + 1
    dispatched = await desk.events(TicketDispatched)
    assert [e.data.technician.name for e in dispatched] == ["Mia", "Leo"]
    versions = [e.aggregateversion for e in dispatched]
    assert (
        versions
        == [flagged["version"] + 2, flagged["version"] + 3]
        == [
            done["version"] - 1,
            done["version"],
        ]
    )
    assert dispatched[0].data.status == "scheduled"
    told = [each.data.model_dump(mode="json") for each in dispatched]
    assert [{name: each[name] for name in SLOT} for each in told] == [SLOT, SLOT]
    made = await desk.events(AppointmentCreated)
    assert {e.subject for e in made} == {e.data.appointment_id for e in dispatched}
    entries = await desk.history(ticket["id"], kind="appointment")
    assert [entry["text"] for entry in entries] == [
        "Dispatched: Mia, 2026-11-23 08:00 - 10:00 UTC",
        "Dispatched: Leo, 2026-11-23 08:00 - 10:00 UTC",
    ]
    board = await desk.get("/v1/dispatcher/board", **WEEK)
    slots = {each["name"]: len(each["slots"]) for each in board["technicians"]}
    assert (slots["Mia"], slots["Leo"], board["waiting"]) == (1, 1, [])


@pytest.mark.covers("S2-23")
async def test_the_view_and_the_board_hold_the_same_tickets_in_the_same_order(desk: Any) -> None:
    account = await desk.account()
    tickets = [(await desk.ticket(account))["id"] for _ in range(5)]
    for ticket in (tickets[3], tickets[0], tickets[4], tickets[2]):
        await desk.post(f"/v1/tickets/{ticket}/dispatch-flag")
    await desk.patch(f"/v1/tickets/{tickets[4]}", status="waiting")
    await desk.http.delete(f"/v1/tickets/{tickets[2]}/dispatch-flag")
    listed = (await desk.get("/v1/tickets", view="dispatcher"))["items"]
    board = await desk.get("/v1/dispatcher/board", **WEEK)
    assert [each["id"] for each in listed] == [each["id"] for each in board["waiting"]]
    assert [each["id"] for each in listed] == [tickets[4], tickets[3], tickets[0]]


async def test_a_second_dispatch_adds_to_the_first_and_shows_or_refuses_conflicts(
    desk: Any,
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    path = f"/v1/tickets/{(await desk.ticket())['id']}/dispatch"
    first = await desk.post(path, technicians=[mia], **SLOT)
    refused = await desk.http.post(
        f"{path}?refuse_conflicts=true", json={"technicians": [mia], **SLOT}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "appointment_conflicts")
    again = await desk.post(path, technicians=[mia], **SLOT)
    assert [c["appointment_id"] for c in again["conflicts"]] == [
        each["id"] for each in first["appointments"]
    ]
    assert again["version"] == first["version"] + 2
    assert (await desk.events(TicketUpdated))[-1].data.changed == ["appointments"]
    assert len(await desk.events(TicketDispatched)) == 2


@pytest.mark.covers("X-17")
async def test_a_dispatch_happens_whole_and_once_or_not_at_all(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    body = {"technicians": [mia], **SLOT}
    for fields, status, code in (
        ({"technicians": [mia, new_id()]}, 422, "employee_unknown"),
        ({"technicians": []}, 422, "validation_failed"),
        ({"ends_at": SLOT["starts_at"]}, 422, "slot_ends_before_start"),
    ):
        answer = await desk.http.post(f"{path}/dispatch", json={**body, **fields})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    stale = await desk.http.post(f"{path}/dispatch", json=body, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    assert (await desk.get("/v1/appointments"))["items"] == []
    headers = {"Idempotency-Key": "one"}
    answers = [
        await desk.http.post(f"{path}/dispatch", json=body, headers=headers) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(await desk.events(TicketDispatched)) == 1
    await desk.post(f"{path}/complete")
    closed = await desk.http.post(f"{path}/dispatch", json=body)
    assert (closed.status_code, closed.json()["code"]) == (409, "ticket_closed")


async def test_dispatches_of_one_ticket_at_once_all_count(desk: Any) -> None:
    people = [await desk.employee(f"P{n}", f"p{n}@desk.example") for n in range(5)]
    path = f"/v1/tickets/{(await desk.ticket())['id']}"
    answers = await asyncio.gather(
        *(
            desk.http.post(f"{path}/dispatch", json={"technicians": [each], **SLOT})
            for each in people
        )
    )
    assert [answer.status_code for answer in answers] == [200] * 5
    told = await desk.events(TicketDispatched)
    versions = [event.aggregateversion for event in told]
    assert len(set(versions)) == 5
    assert max(versions) == (await desk.get(path))["version"]


@pytest.mark.covers("S2-23", "S2-27", "S2-33")
async def test_the_board_shows_slots_of_a_window_and_hides_what_hidden_tickets_are_about(
    desk: Any,
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    leo = await desk.employee("Leo", "leo@desk.example")
    hers, others = await desk.ticket(manager_id=mia), await desk.ticket(manager_id=leo)
    for ticket in (hers, others):
        await desk.post(f"/v1/tickets/{ticket['id']}/dispatch", technicians=[leo], **SLOT)
        await desk.post(f"/v1/tickets/{ticket['id']}/dispatch-flag")
    body = {"subject": "Holiday", "employee_id": mia, **SLOT}
    canceled = (await desk.post("/v1/appointments", **body))["id"]
    await desk.post(f"/v1/appointments/{canceled}/cancel")
    async with client(desk.runtime, SERVICE, principal=make_principal({"desk"}, id=mia)) as http:
        board = (await http.get("/v1/dispatcher/board", params=WEEK)).json()
        slots = {each["name"]: each["slots"] for each in board["technicians"]}
        assert slots["Mia"] == []
        assert [slot["ticket_id"] for slot in slots["Leo"]] == [hers["id"], None]
        assert [slot["subject"] for slot in slots["Leo"]] == ["Printer", None]
        assert [each["id"] for each in board["waiting"]] == [hers["id"]]
        assert board["waiting"][0]["account_name"] == "ACME"
        path = f"/v1/tickets/{others['id']}"
        answers = [
            await http.post(f"{path}/dispatch", json={"technicians": [mia], **SLOT}),
            await http.post(f"{path}/dispatch-flag"),
            await http.delete(f"{path}/dispatch-flag"),
        ]
        assert [answer.status_code for answer in answers] == [404] * 3
    only = await desk.get("/v1/dispatcher/board", **WEEK, employee_id=[mia])
    assert [each["name"] for each in only["technicians"]] == ["Mia"]
    week_before = {"from": "2026-11-16T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    before = await desk.get("/v1/dispatcher/board", **week_before)
    assert not any(each["slots"] for each in before["technicians"])
    for window, code in (
        ({"from": WEEK["to"], "to": WEEK["from"]}, "window_ends_before_start"),
        ({"from": WEEK["from"], "to": "2027-11-30T00:00:00Z"}, "window_too_long"),
        ({"from": WEEK["from"]}, "validation_failed"),
    ):
        refused = await desk.http.get("/v1/dispatcher/board", params=window)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
