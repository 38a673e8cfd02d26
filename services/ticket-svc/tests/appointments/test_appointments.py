"""Appointments over HTTP."""

import asyncio
from typing import Any

import pytest

from patchbay_contracts import (
    AppointmentCanceled,
    AppointmentCompleted,
    AppointmentCreated,
    AppointmentUpdated,
)
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.appointments.reading import ticket_parts
from ticket_svc.definition import SERVICE


def slot(begin: int, end: int, day: int = 23) -> dict[str, str]:
    """Hours of a day in UTC."""
    at = f"2026-11-{day:02d}T"
    return {"starts_at": f"{at}{begin:02d}:00:00Z", "ends_at": f"{at}{end:02d}:00:00Z"}


@pytest.mark.covers("S2-12", "S2-71")
async def test_an_appointment_is_planned_moved_and_done_and_the_history_says_so(desk: Any) -> None:
    ticket = await desk.ticket()
    mia = await desk.employee("Mia", "mia@desk.example")
    body = {"employee_id": mia, **slot(8, 10)}
    made = await desk.http.post(f"/v1/tickets/{ticket['number']}/appointments", json=body)
    assert made.status_code == 201, made.text
    path = made.headers["Location"]
    assert (made.json()["subject"], made.json()["state"]) == ("Printer", "planned")
    assert made.json()["conflicts"] == []
    moved = await desk.patch(path, **slot(9, 11))
    assert (moved["version"], moved["starts_at"]) == (2, "2026-11-23T09:00:00Z")
    assert (await desk.patch(path, **slot(9, 11)))["version"] == 2
    stale = await desk.http.patch(path, json=slot(1, 2), headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    done = await desk.post(f"{path}/complete")
    assert (done["state"], done["version"]) == ("done", 3)
    assert (await desk.post(f"{path}/complete"))["version"] == 3
    for request in (desk.http.patch(path, json=slot(1, 2)), desk.http.post(f"{path}/cancel")):
        refused = await request
        assert (refused.status_code, refused.json()["code"]) == (409, "appointment_not_planned")
    entries = await desk.history(ticket["id"], kind="appointment")
    assert [entry["text"] for entry in entries] == [
        "Appointment: Mia, 2026-11-23 08:00 - 10:00 UTC",
        "Appointment moved: Mia, 2026-11-23 09:00 - 11:00 UTC",
        "Appointment done: Mia, 2026-11-23 09:00 - 11:00 UTC",
    ]
    assert entries[1]["data"]["old"]["starts_at"] == "2026-11-23T08:00:00+00:00"
    (created,) = await desk.events(AppointmentCreated)
    assert (created.data.technician.name, created.data.ticket_id) == ("Mia", ticket["id"])
    (updated,) = await desk.events(AppointmentUpdated)
    assert updated.data.changed == ["ends_at", "starts_at"]
    (completed,) = await desk.events(AppointmentCompleted)
    assert completed.aggregateversion == 3


async def test_appointments_are_for_a_ticket_an_account_or_neither_and_are_listed_by_start(
    desk: Any,
) -> None:
    account = await desk.account()
    ticket = await desk.ticket(account)
    mia = await desk.employee("Mia", "mia@desk.example")
    leo = await desk.employee("Leo", "leo@desk.example")

    async def plan(subject: str, **fields: Any) -> str:
        body = {"subject": subject, "employee_id": mia, **fields}
        return str((await desk.post("/v1/appointments", **body))["id"])

    later = await plan("Later", **slot(14, 15), ticket_id=ticket["id"])
    await plan("Early", **slot(8, 9), account_id=account)
    canceled = await plan("Holiday", **slot(8, 9, day=28), employee_id=leo)
    await desk.post(f"/v1/appointments/{canceled}/cancel")
    assert len(await desk.events(AppointmentCanceled)) == 1

    async def listed(**params: Any) -> list[str]:
        return [a["subject"] for a in (await desk.get("/v1/appointments", **params))["items"]]

    assert await listed() == ["Early", "Later", "Holiday"]
    first = await desk.get("/v1/appointments", limit=2)
    rest = await desk.get("/v1/appointments", limit=2, cursor=first["next_cursor"])
    assert [a["subject"] for a in rest["items"]] == ["Holiday"]
    assert await listed(account_id=account) == ["Early", "Later"]
    assert await listed(employee_id=leo) == await listed(state="canceled") == ["Holiday"]
    assert await listed(since=slot(9, 10)["starts_at"], until=slot(15, 16)["starts_at"]) == [
        "Later"
    ]
    assert await listed(mine=True) == []
    of_ticket = await desk.get(f"/v1/tickets/{ticket['id']}/appointments")
    assert [a["id"] for a in of_ticket["items"]] == [later]
    async with desk.runtime.db.read() as session:
        parts = await ticket_parts(session, ticket["id"])
    assert [a.id for a in parts["appointments"]] == [later]


@pytest.mark.covers("S2-33")
async def test_conflicts_are_shown_and_refused_only_where_that_is_asked(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    path, body = "/v1/appointments", {"employee_id": mia, "subject": "x"}
    first = await desk.post(path, **body, **slot(8, 10))
    touching = await desk.post(path, **body, **slot(10, 11))
    assert touching["conflicts"] == []
    over = await desk.post(path, **body, **slot(9, 12))
    assert [c["appointment_id"] for c in over["conflicts"]] == [first["id"], touching["id"]]
    refused = await desk.http.post(f"{path}?refuse_conflicts=true", json={**body, **slot(8, 9)})
    assert (refused.status_code, refused.json()["code"]) == (409, "appointment_conflicts")
    assert [c["appointment_id"] for c in refused.json()["conflicts"]] == [first["id"]]
    moved = f"{path}/{over['id']}?refuse_conflicts=true"
    assert (await desk.http.patch(moved, json=slot(8, 9))).status_code == 409
    free = await desk.http.patch(moved, json=slot(11, 12))
    assert (free.status_code, free.json()["conflicts"]) == (200, [])
    await desk.post(f"{path}/{first['id']}/cancel")
    assert (await desk.post(path, **body, **slot(8, 10)))["conflicts"] == []


async def test_of_those_who_want_the_same_hour_and_refuse_conflicts_one_gets_it(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    body = {"employee_id": mia, "subject": "x", **slot(8, 10)}
    url = "/v1/appointments?refuse_conflicts=true"
    answers = await asyncio.gather(*(desk.http.post(url, json=body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"ends_at": "2026-11-23T08:00:00Z"}, "slot_ends_before_start", "/ends_at"),
        ({"ends_at": "2027-01-23T08:00:00Z"}, "slot_too_long", "/ends_at"),
        ({"employee_id": new_id()}, "employee_unknown", "/employee_id"),
        ({"ticket_id": new_id()}, "ticket_unknown", "/ticket_id"),
        ({"account_id": new_id()}, "account_unknown", "/account_id"),
        ({"subject": None}, "validation_failed", ""),
        ({"ends_at": "9999-12-31T23:59:59Z"}, "validation_failed", "/ends_at"),
    ],
)
async def test_what_is_no_appointment_is_refused(
    desk: Any, fields: dict[str, Any], code: str, field: str
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    body = {"employee_id": mia, "subject": "x", **slot(8, 10), **fields}
    answer = await desk.http.post("/v1/appointments", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["field"] == field


@pytest.mark.covers("S2-27")
async def test_who_does_not_see_the_ticket_learns_only_that_the_technician_is_busy(
    desk: Any,
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    others = await desk.ticket()
    tickets = f"/v1/tickets/{others['id']}/appointments"
    hidden = await desk.post(tickets, employee_id=mia, **slot(8, 10))
    async with client(desk.runtime, SERVICE, principal=make_principal({"desk"}, id=mia)) as http:
        path = f"/v1/appointments/{hidden['id']}"
        body = {"employee_id": mia, "subject": "x", **slot(9, 10)}
        answers = [
            await http.get(path),
            await http.patch(path, json={"note": "x"}),
            await http.post(f"{path}/complete"),
            await http.post(f"{path}/cancel"),
            await http.get(tickets),
            await http.post(tickets, json=body),
        ]
        assert [each.status_code for each in answers] == [404] * 6
        assert (await http.get("/v1/appointments")).json()["items"] == []
        (conflict,) = (await http.post("/v1/appointments", json=body)).json()["conflicts"]
        assert (conflict["ticket_id"], conflict["subject"]) == (None, None)
        assert conflict["appointment_id"] == hidden["id"]
