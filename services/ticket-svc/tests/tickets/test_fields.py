"""The fields of tickets, their labels, and what the history says of their changes."""

from typing import Any

import pytest

from patchbay_contracts import (
    EventData,
    TicketAssigned,
    TicketClosed,
    TicketReopened,
    TicketUpdated,
)
from patchbay_kit.testing.harness import published
from ticket_svc.desk.statuses import Status, class_of
from ticket_svc.tickets.schemas import TicketChange


@pytest.mark.covers("S2-07", "S2-68", "X-18")
async def test_every_field_can_be_changed_and_the_history_names_what_it_was(desk: Any) -> None:
    account = await desk.account()
    ann = await desk.contact(account, "ann@acme.example")
    mia = await desk.employee("Mia", "mia@desk.example")
    asset = (await desk.post("/v1/assets", account_id=account, name="SRV-01"))["id"]
    ticket = await desk.ticket(account)
    changes = {
        "type": "incident",
        "due_at": "2026-12-01T10:00:00+02:00",
        "awaits_dispatch": True,
        "contact_id": ann,
        "asset_id": asset,
        "manager_id": mia,
        "priority": "high",
        "status": "in_progress",
    }
    changed = await desk.patch(f"/v1/tickets/{ticket['id']}", **changes)
    assert (changed["type"], changed["type_label"]) == ("incident", "Incident")
    assert changed["due_at"] == "2026-12-01T08:00:00Z"
    assert (changed["awaits_dispatch"], changed["contact"]["id"]) == (True, ann)
    audit = (await desk.history(ticket["id"], kind="audit"))[1:]
    shown = {e["data"]["field"]: e["text"] for e in audit if "field" in e["data"]}
    assert shown["type"] == "Type: none → Incident"
    assert shown["due_at"] == "Due date: none → 2026-12-01 08:00 UTC"
    assert shown["awaits_dispatch"] == "Waiting for dispatching: no → yes"
    assert shown["manager_id"] == "Manager: Administrator → Mia"
    assert shown["status"] == "Status: New → In Progress"
    manager = next(e["data"] for e in audit if e["data"].get("field") == "manager_id")
    assert (manager["new"], manager["old_name"], manager["new_name"]) == (
        mia,
        "Administrator",
        "Mia",
    )
    for entry in audit:
        assert entry["actor"].startswith("employee:")
        assert (entry["channel"], entry["public"]) == ("employee", False)
        assert entry["occurred_at"] == entry["recorded_at"]
    gone = await desk.patch(f"/v1/tickets/{ticket['id']}", due_at=None, contact_id=None)
    assert (gone["due_at"], gone["contact"]) == (None, None)


@pytest.mark.covers("S1-50", "S2-03", "S2-07", "S2-08", "S2-09", "S2-10", "S2-68")
async def test_no_field_is_left_out_of_the_history_and_none_is_told_to_the_remote(
    desk: Any, rmm: Any
) -> None:
    """rmm-gateway takes TicketClosed and TicketReopened only: a contract test says so."""
    await desk.post("/v1/custom-fields", record="ticket", key="floor", label="Floor", kind="text")
    account = await desk.account()
    await desk.take(rmm.site_linked(account))
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    kind = {"account_id": account, "kind": "time_and_materials"}
    changes = {
        "subject": "Printer on fire",
        "description": "It burns.",
        "status": "waiting",
        "priority": "critical",
        "type": "incident",
        "due_at": "2026-12-01T10:00:00Z",
        "awaits_dispatch": True,
        "manager_id": await desk.employee("Mia", "mia@desk.example"),
        "asset_id": (await desk.post("/v1/assets", account_id=account, name="SRV-01"))["id"],
        "contact_id": await desk.contact(account, "ann@acme.example"),
        "contract_id": (await desk.post("/v1/contracts", name="Support", **kind))["id"],
        "custom_fields": {"floor": "3"},
    }
    # A close date goes with a close, which the remote is told of.
    assert changes.keys() == TicketChange.model_fields.keys() - {"closed_at"}
    path = f"/v1/tickets/{ticket['id']}"
    for name, value in changes.items():
        before = len(await desk.history(ticket["id"]))
        changed = await desk.patch(path, **{name: value})
        shown = changed[name.removesuffix("_id")]
        assert (shown["id"] if name.endswith("_id") else shown) == value
        entry = (await desk.history(ticket["id"]))[before]
        assert (entry["kind"], entry["data"]["field"]) == ("audit", name)
        assert entry["data"]["new"] == value or name == "due_at"
    parts = (
        ("notes", {"text": "x", "public": True}),
        ("tasks", {"title": "x"}),
        ("charges", {"kind": "work", "minutes": 1}),
        ("recipients", {"email": "x@else.example"}),
        ("relations", {"ticket": (await desk.ticket(account))["id"]}),
        ("inbox", {}),
        ("read", {}),
    )
    for name, body in parts:
        await desk.post(f"{path}/{name}", **body)
    kinds = {type(event.data) for event in await published(desk.runtime)}
    assert not kinds & {TicketClosed, TicketReopened}


@pytest.mark.covers("S2-02", "X-20")
@pytest.mark.parametrize("first", list(Status))
async def test_any_status_may_follow_any_other_and_the_close_date_follows_the_class(
    desk: Any, first: Status
) -> None:
    """The workflow that the page leaves out: no way is closed, and each means what it says."""
    account = await desk.account()
    for second in Status:
        ticket = await desk.ticket(account, status=first)
        path = f"/v1/tickets/{ticket['id']}"
        assert (ticket["closed_at"] is None) == (class_of(first) == "open")
        moved = await desk.patch(path, status=second)
        assert (moved["status"], moved["status_class"]) == (second, class_of(second))
        assert (moved["closed_at"] is None) == (class_of(second) == "open")
        turned = (class_of(first), class_of(second))
        told = {type(e.data) for e in await desk.events(EventData) if e.subject == ticket["id"]}
        assert (TicketClosed in told) == (turned == ("open", "closed"))
        assert (TicketReopened in told) == (turned == ("closed", "open"))


@pytest.mark.covers("S2-08", "S2-09", "S2-10")
async def test_what_a_ticket_refers_to_belongs_to_its_account_and_is_in_use(desk: Any) -> None:
    account, other = await desk.account("ACME"), await desk.account("Bolt")
    ticket = await desk.ticket(account)
    missing = "01890000-0000-7000-8000-00000000000f"
    foreign = {
        "contact_id": await desk.contact(other, "ben@bolt.example"),
        "asset_id": (await desk.post("/v1/assets", account_id=other, name="SRV-09"))["id"],
        "contract_id": (
            await desk.post(
                "/v1/contracts", account_id=other, name="Support", kind="time_and_materials"
            )
        )["id"],
    }
    for field, value in foreign.items():
        what = field.removesuffix("_id")
        for wrong, code in ((value, f"{what}_of_other_account"), (missing, f"{what}_unknown")):
            answer = await desk.http.patch(f"/v1/tickets/{ticket['id']}", json={field: wrong})
            assert (answer.status_code, answer.json()["code"]) == (422, code)
            assert answer.json()["field"] == f"/{field}"
    unknown = await desk.http.patch(f"/v1/tickets/{ticket['id']}", json={"type": "wish"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "type_unknown")
    assert (await desk.get(f"/v1/tickets/{ticket['id']}"))["version"] == 1


@pytest.mark.covers("X-19", "S2-25", "S2-26")
async def test_statuses_are_a_fixed_set_whose_labels_a_desk_may_change(desk: Any) -> None:
    statuses = await desk.get("/v1/statuses")
    assert [(s["code"], s["status_class"]) for s in statuses] == [
        ("new", "open"),
        ("scheduled", "open"),
        ("in_progress", "open"),
        ("waiting", "open"),
        ("completed", "closed"),
        ("canceled", "closed"),
    ]
    renamed = {"waiting": "Waiting for the customer", "completed": "Reopened"}
    await desk.patch("/v1/settings", status_labels=renamed, priority_labels={"high": "Urgent"})
    labels = {s["code"]: s["label"] for s in await desk.get("/v1/statuses")}
    assert (labels["waiting"], labels["new"]) == ("Waiting for the customer", "New")
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    shown = await desk.patch(path, status="waiting", priority="high")
    assert (shown["status"], shown["status_label"]) == ("waiting", "Waiting for the customer")
    assert (shown["priority"], shown["priority_label"]) == ("high", "Urgent")
    # Whatever it is called, it means what it meant.
    done = await desk.patch(path, status="completed")
    assert (done["status_label"], done["status_class"]) == ("Reopened", "closed")
    assert done["closed_at"] is not None
    for wrong in ({"status_labels": {"solved": "Solved"}}, {"ticket_types": {"A B": "x"}}):
        assert (await desk.http.patch("/v1/settings", json=wrong)).status_code == 422


async def test_a_type_that_the_desk_has_given_up_stays_on_its_tickets(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    await desk.patch(path, type="incident")
    await desk.patch("/v1/settings", ticket_types={"request": "Wish"})
    kept = await desk.patch(path, subject="Other")
    assert (kept["type"], kept["type_label"]) == ("incident", "incident")
    assert (await desk.patch(path, type=""))["type_label"] == ""
    assert (await desk.patch(path, type="request"))["type_label"] == "Wish"


async def test_custom_fields_are_checked_and_changed_one_by_one(desk: Any) -> None:
    await desk.post("/v1/custom-fields", record="ticket", key="floor", label="Floor", kind="text")
    await desk.post("/v1/custom-fields", record="ticket", key="vip", label="VIP", kind="flag")
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    await desk.patch(path, custom_fields={"floor": "3"})
    both = await desk.patch(path, custom_fields={"vip": True})
    assert both["custom_fields"] == {"floor": "3", "vip": True}
    version = both["version"]
    assert (await desk.patch(path, custom_fields={"floor": "3"}))["version"] == version
    assert (await desk.patch(path, custom_fields={"floor": None}))["custom_fields"] == {"vip": True}
    entry = (await desk.history(ticket["id"]))[-1]
    assert entry["data"]["old"] == {"floor": "3", "vip": True}
    for wrong in ({"colour": "red"}, {"vip": "yes"}):
        answer = await desk.http.patch(path, json={"custom_fields": wrong})
        assert answer.status_code == 422
        assert answer.json()["field"].startswith("/custom_fields/")


async def test_another_manager_is_told_as_a_fact_of_its_own(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    ticket = await desk.ticket()
    changed = await desk.patch(f"/v1/tickets/{ticket['id']}", manager_id=mia, status="completed")
    (assigned,) = await desk.events(TicketAssigned)
    assert assigned.data.manager.id == mia
    assert assigned.data.previous_manager_id == ticket["manager"]["id"]
    (updated,) = await desk.events(TicketUpdated)
    versions = [updated.aggregateversion, assigned.aggregateversion, changed["version"]]
    assert versions == [2, 3, 4]
    none = await desk.patch(f"/v1/tickets/{ticket['id']}", manager_id=None)
    assert none["manager"] is None
    assert (await desk.events(TicketAssigned))[-1].data.manager is None


@pytest.mark.covers("S1-09", "S1-51")
async def test_nothing_from_the_remote_changes_what_the_desk_has_set(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    path = f"/v1/tickets/{ticket['id']}"
    ours = await desk.patch(path, subject="Ours", priority="low", status="waiting", due_at=None)
    await desk.take(rmm.received(summary="Theirs"), rmm.noted("Theirs."), rmm.closed())
    now = await desk.get(path)
    for field in ("subject", "description", "priority", "status", "closed_at", "manager"):
        assert now[field] == ours[field]
