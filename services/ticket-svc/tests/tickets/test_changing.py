"""Changing tickets over HTTP: history, events, and nobody overwrites anybody."""

import asyncio
from typing import Any

import pytest

from patchbay_contracts import (
    SendEmail,
    TicketClosed,
    TicketNoteAdded,
    TicketReopened,
    TicketUpdated,
)
from patchbay_kit.testing.harness import published


@pytest.mark.covers("S2-68")
async def test_each_change_is_in_the_history_with_old_and_new(desk: Any) -> None:
    ticket = await desk.ticket(subject="Printer")
    mia = await desk.employee("Mia", "mia@desk.example")
    changes = {"subject": "Printer jams", "priority": "high", "manager_id": mia}
    changed = await desk.patch(f"/v1/tickets/{ticket['id']}", **changes)
    assert (changed["subject"], changed["priority"]) == ("Printer jams", "high")
    audit = (await desk.history(ticket["id"], kind="audit"))[1:]
    assert [(e["data"]["field"], e["data"]["new"]) for e in audit] == list(changes.items())
    assert audit[0]["data"]["old"] == "Printer"
    assert audit[0]["actor"].startswith("employee:")
    (updated,) = await desk.events(TicketUpdated)
    assert updated.data.changed == list(changes)
    assert updated.data.manager.name == "Mia"


async def test_a_change_to_what_is_there_already_changes_nothing(desk: Any) -> None:
    ticket = await desk.ticket()
    same = await desk.patch(f"/v1/tickets/{ticket['id']}", subject=ticket["subject"], status="new")
    assert same == ticket
    assert await desk.events(TicketUpdated) == []


async def test_of_two_people_who_change_one_ticket_the_second_is_told(desk: Any) -> None:
    ticket = await desk.ticket(subject="Printer")
    path = f"/v1/tickets/{ticket['id']}"
    read = (await desk.http.get(path)).headers["ETag"]
    first = await desk.http.patch(path, json={"subject": "First"}, headers={"If-Match": read})
    second = await desk.http.patch(path, json={"subject": "Second"}, headers={"If-Match": read})
    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (412, "version_mismatch")
    assert second.json()["current_version"] == 2
    assert second.headers["ETag"] == first.headers["ETag"]
    assert (await desk.only_ticket())["subject"] == "First"


async def test_of_two_changes_at_the_same_moment_one_is_refused(desk: Any) -> None:
    ticket = await desk.ticket()
    path, headers = f"/v1/tickets/{ticket['id']}", {"If-Match": '"1"'}
    answers = await asyncio.gather(
        *(desk.http.patch(path, json={"subject": f"s{n}"}, headers=headers) for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert (await desk.only_ticket())["version"] == 2


async def test_versions_of_a_tickets_events_grow_without_a_repetition(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    path = f"/v1/tickets/{ticket['id']}"
    await asyncio.gather(
        desk.post(f"{path}/notes", text="One."),
        desk.post(f"{path}/complete"),
        desk.take(rmm.noted("Two."), rmm.closed()),
        desk.patch(path, priority="low"),
    )
    await desk.post(f"{path}/reopen")
    versions = [e.aggregateversion for e in await _of_ticket(desk, ticket["id"])]
    assert versions == list(range(1, len(versions) + 1))
    assert (await desk.only_ticket())["version"] == versions[-1]


async def _of_ticket(desk: Any, ticket_id: str) -> list[Any]:
    events = await published(desk.runtime)
    return sorted(
        (event for event in events if event.subject == ticket_id),
        key=lambda event: event.aggregateversion,
    )


@pytest.mark.covers("S1-50")
async def test_edits_of_a_ticket_with_a_twin_ask_nothing_of_the_remote(desk: Any, rmm: Any) -> None:
    """rmm-gateway takes TicketClosed and TicketReopened only, see its subscriptions."""
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    mia = await desk.employee("Mia", "mia@desk.example")
    path = f"/v1/tickets/{ticket['id']}"
    edits = {
        "subject": "New subject",
        "description": "New description",
        "priority": "low",
        "manager_id": mia,
        "status": "waiting",
    }
    for name, value in edits.items():
        await desk.patch(path, **{name: value})
    await desk.post(f"{path}/notes", text="Only here.", public=True)
    await desk.http.delete(f"{path}/inbox")
    kinds = {type(event.data) for event in await published(desk.runtime)}
    assert not kinds & {TicketClosed, TicketReopened, SendEmail}


@pytest.mark.covers("S1-02", "S1-81", "S1-82", "S1-83", "X-20")
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/complete", None, "completed"),
        ("POST", "/cancel", None, "canceled"),
        ("PATCH", "", {"status": "completed"}, "completed"),
        ("PATCH", "", {"status": "canceled"}, "canceled"),
    ],
)
async def test_every_way_to_close_tells_so_once_with_the_twin(
    desk: Any, rmm: Any, method: str, path: str, body: Any, status: str
) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    for _ in range(2):
        url = f"/v1/tickets/{ticket['id']}{path}"
        answer = await desk.http.request(method, url, json=body)
        assert answer.status_code == 200
    closed = await desk.only_ticket()
    assert (closed["status"], closed["status_class"]) == (status, "closed")
    assert closed["closed_at"] is not None
    (event,) = await desk.events(TicketClosed)
    assert event.data.remote.remote_ticket_id == "1"
    assert (event.data.status, event.data.status_class) == (status, "closed")


@pytest.mark.covers("S1-84", "X-20")
async def test_reopening_clears_the_close_date_and_says_that_the_twin_stays_closed(
    desk: Any, rmm: Any
) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    await desk.post(f"/v1/tickets/{ticket['id']}/complete")
    reopened = await desk.post(f"/v1/tickets/{ticket['id']}/reopen")
    assert (reopened["status"], reopened["closed_at"]) == ("in_progress", None)
    assert len(await desk.events(TicketReopened)) == 1
    last = (await desk.history(ticket["id"], kind="audit"))[-1]
    assert "stays as it is there" in last["text"]
    assert "remote.reopened_locally" in await desk.reasons(ticket["id"])
    same = await desk.post(f"/v1/tickets/{ticket['id']}/reopen")
    assert same["version"] == reopened["version"]


async def test_a_ticket_without_a_twin_is_reopened_without_a_word_about_one(desk: Any) -> None:
    ticket = await desk.ticket()
    await desk.post(f"/v1/tickets/{ticket['id']}/complete")
    await desk.patch(f"/v1/tickets/{ticket['id']}", status="new")
    assert "remote.reopened_locally" not in await desk.reasons(ticket["id"])
    assert (await desk.only_ticket())["closed_at"] is None


async def test_going_from_completed_to_canceled_keeps_the_close_date(desk: Any) -> None:
    ticket = await desk.ticket()
    done = await desk.post(f"/v1/tickets/{ticket['id']}/complete")
    canceled = await desk.post(f"/v1/tickets/{ticket['id']}/cancel")
    assert canceled["closed_at"] == done["closed_at"]
    assert len(await desk.events(TicketClosed)) == 1


@pytest.mark.covers("S2-37", "S2-50", "S2-51")
async def test_the_inbox_is_one_list_and_can_be_filled_and_emptied_by_hand(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}/inbox"
    moved = await desk.post(path)
    assert moved["in_inbox"] is True
    assert (await desk.post(path))["version"] == moved["version"]
    assert [t["id"] for t in await desk.tickets(view="inbox")] == [ticket["id"]]
    for _ in range(2):
        assert (await desk.http.delete(path)).status_code == 204
    assert await desk.tickets(view="inbox") == []
    assert (await desk.only_ticket())["version"] == moved["version"] + 1


@pytest.mark.covers("S2-69")
async def test_a_note_is_in_the_history_and_leaves_the_inbox_alone(desk: Any) -> None:
    ticket = await desk.ticket()
    note = await desk.post(f"/v1/tickets/{ticket['id']}/notes", text="Called Ann.", public=True)
    (entry,) = await desk.history(ticket["id"], kind="note")
    assert entry == note
    assert (entry["text"], entry["public"]) == ("Called Ann.", True)
    (added,) = await desk.events(TicketNoteAdded)
    assert (added.data.entry_id, added.data.kind) == (note["id"], "note")
    assert (await desk.only_ticket())["in_inbox"] is False


@pytest.mark.covers("S2-117", "S2-118", "S2-120", "S2-128", "S2-138")
async def test_recipients_can_be_replaced_and_a_person_is_in_a_list_once(desk: Any) -> None:
    ticket = await desk.ticket()
    mia = await desk.employee("Mia", "mia@desk.example")
    path = f"/v1/tickets/{ticket['id']}/recipients"
    body = {
        "external": [
            {"email": "Ann@acme.example"},
            {"email": "ann@ACME.example", "place": "cc"},
            {"email": "guest@elsewhere.example", "place": "bcc"},
        ],
        "employees": [{"employee_id": mia}, {"employee_id": mia}, {"role": "ticket_manager"}],
    }
    lists = (await desk.http.put(path, json=body)).json()
    assert [(e["email"], e["place"]) for e in lists["external"]] == [
        ("ann@acme.example", "to"),
        ("guest@elsewhere.example", "bcc"),
    ]
    assert [e["name"] for e in lists["employees"]] == ["Mia", "Administrator"]
    assert await desk.get(path) == lists
    version = (await desk.only_ticket())["version"]
    await desk.http.put(path, json=body)
    assert (await desk.only_ticket())["version"] == version
    stale = await desk.http.put(path, json={}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


async def test_recipients_must_be_active_employees_and_known_contacts(desk: Any) -> None:
    ticket = await desk.ticket()
    missing = "01890000-0000-7000-8000-00000000000f"
    path = f"/v1/tickets/{ticket['id']}/recipients"
    for body, code in (
        ({"employees": [{"employee_id": missing}]}, "employee_unknown"),
        ({"external": [{"email": "a@b.example", "contact_id": missing}]}, "contact_unknown"),
        ({"employees": [{}]}, "validation_failed"),
    ):
        answer = await desk.http.put(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
