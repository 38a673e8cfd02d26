"""Merges where something is in the way: other accounts, closed tickets, twins, what comes later."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from patchbay_contracts import TicketClosed, TicketReopened
from patchbay_kit.testing.apps import app_of
from patchbay_kit.testing.harness import client, make_principal, make_runtime
from ticket_svc.definition import SERVICE
from ticket_svc.metadata import metadata
from ticket_svc.tickets import merge_moves

SLOT = {"starts_at": "2027-01-04T09:00:00Z", "ends_at": "2027-01-04T10:00:00Z"}
# Tables about tickets that a merge leaves as they are, and why.
STAYS = {
    "auto_answer": "what went out, by address",
    "decision": "read through the other ticket",
    "live_change": "what was told",
    "mail_decision": "what was decided then",
    "ticket_merge": "the merges themselves",
    "ticket_read": "who has seen which update of which ticket",
    "ticket_relation": "read through the other ticket",
    "ticket_text": "follows the ticket and its history by triggers",
    "ticket_text_stale": "the same",
}
RUNNING = ("version", "updated_at", "time_in_status", "status_since")


async def merged(desk: Any, source: Any, into: Any, **body: Any) -> Any:
    return await desk.post(f"/v1/tickets/{source['id']}/merge", into=into["id"], **body)


async def undone(desk: Any, merge: Any) -> Any:
    return await desk.post(f"/v1/ticket-merges/{merge['id']}/undo")


async def state(desk: Any, ticket: Any) -> dict[str, Any]:
    """The ticket without its clocks."""
    now = await desk.get(f"/v1/tickets/{ticket['id']}")
    return {name: value for name, value in now.items() if name not in RUNNING}


def routes_of(found: Any) -> Iterator[tuple[str, str]]:
    """Method and path of everything that changes something of one ticket."""
    for route in found:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from routes_of(included.routes)
        elif isinstance(route, APIRoute) and route.path.startswith("/v1/tickets/{ticket}"):
            for method in sorted(route.methods - {"GET", "HEAD"}):
                yield method, route.path


@pytest.fixture
async def filing_desk(database_url: str, tmp_path: Path, make_desk: Any) -> AsyncIterator[Any]:
    """A desk that takes files."""
    opened = make_runtime(SERVICE, database_url, blob_dir=tmp_path / "blobs")
    async with opened as runtime, client(runtime, SERVICE) as http:
        yield make_desk(runtime, http)


async def test_nothing_is_added_to_a_merged_ticket_by_any_route_or_name(filing_desk: Any) -> None:
    desk = filing_desk
    account = await desk.account()
    employee = await desk.employee("Mia", "mia@desk.example")
    source, target, other = [await desk.ticket(account) for _ in range(3)]
    await merged(desk, source, target)
    bodies = {
        "/status": {"status": "waiting"},
        "/notes": {"text": "x"},
        "/recipients": {"email": "a@b.example"},
        "/relations": {"ticket": other["id"]},
        "/merge": {"into": other["id"]},
        "/dispatch": {"technicians": [employee], **SLOT},
        "/tasks": {"title": "x"},
        "/charges": {"kind": "work", "minutes": 5},
        "/appointments": {"employee_id": employee, **SLOT},
        "/messages": {"to": [{"employee_id": employee}], "text": "x"},
    }
    with app_of(SERVICE, desk.runtime) as app:
        routes = sorted(set(routes_of(app.routes)))
    assert len(routes) > 20
    for method, path in routes:
        tail = path.removeprefix("/v1/tickets/{ticket}")
        for key in (source["id"], source["number"]):
            url = f"/v1/tickets/{key}{tail}".replace("{recipient_id}", other["id"])
            url = url.replace("{other}", other["id"])
            content: dict[str, Any] = {"json": {} if method == "PUT" else bodies.get(tail, {})}
            if tail == "/documents":
                url, content = f"{url}?name=a.txt", {"content": b"a file"}
            answer = await desk.http.request(method, url, **content)
            assert (answer.status_code, answer.json()["code"]) == (409, "ticket_merged"), url
    for path, body in (
        ("/v1/tasks", {"title": "x"}),
        ("/v1/appointments", {"employee_id": employee, "subject": "x", **SLOT}),
        ("/v1/messages", {"to": [{"employee_id": employee}], "text": "x"}),
    ):
        answer = await desk.http.post(path, json={**body, "ticket_id": source["id"]})
        assert (answer.status_code, answer.json()["code"]) == (409, "ticket_merged"), path


@pytest.mark.covers("S1-83", "S1-84")
async def test_each_twin_is_closed_once_whoever_is_completed(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received("1"), rmm.received("2"))
    source, target = await desk.tickets()
    merge = await merged(desk, source, target)
    await desk.post(f"/v1/tickets/{target['id']}/complete")
    closed = await desk.events(TicketClosed)
    assert [each.data.remote.remote_ticket_id for each in closed] == [
        source["remote"]["remote_ticket_id"],
        target["remote"]["remote_ticket_id"],
    ]
    await undone(desk, merge)
    assert [each.subject for each in await desk.events(TicketReopened)] == [source["id"]]
    assert (await desk.get(f"/v1/tickets/{target['id']}"))["status"] == "completed"


async def test_what_became_of_a_twin_while_its_ticket_was_merged_is_known_after_undoing(
    desk: Any, rmm: Any
) -> None:
    await desk.take(rmm.received("1"))
    source = await desk.only_ticket()
    target = await desk.ticket(source["account"]["id"])
    merge = await merged(desk, source, target)
    # Closing the twin was asked for by the merge; its time of closing comes back from the RMM.
    await desk.take(rmm.closed("1", hour=10))
    await desk.take(rmm.closed("1", hour=9))
    assert (await desk.get(f"/v1/tickets/{target['id']}"))["remote"] is None
    await undone(desk, merge)
    known = (await desk.get(f"/v1/tickets/{source['id']}"))["remote"]["closed_at"]
    assert known == "2026-11-20T10:00:00Z"


@pytest.mark.covers("S2-73")
async def test_what_one_customer_wrote_is_not_shown_to_the_customers_of_another_account(
    desk: Any, runtime: Any
) -> None:
    ours, theirs = await desk.account("ACME"), await desk.account("Bolt")
    source, between, target = [await desk.ticket(each) for each in (ours, ours, theirs)]
    for ticket, words in ((source, "Ours."), (between, "Ours as well."), (target, "Theirs.")):
        note = {"text": words, "public": True}
        await desk.post(f"/v1/tickets/{ticket['id']}/notes", **note)

    async def read(account: str, ticket: Any) -> list[str]:
        principal = make_principal({"customer"}, kind="contact", account_id=account)
        async with client(runtime, SERVICE, principal=principal) as http:
            answer = await http.get(f"/v1/portal/tickets/{ticket['id']}/history")
            return [entry["text"] for entry in answer.json()["items"]]

    inside = await merged(desk, source, between)
    assert await read(ours, between) == ["Ours.", "Ours as well."]
    across = await merged(desk, between, target, allow_other_account=True)
    assert await read(theirs, target) == ["Theirs."]
    notes = await desk.history(target["id"], kind="note")
    assert [(each["text"], each["public"]) for each in notes] == [
        ("Ours.", False),
        ("Ours as well.", False),
        ("Theirs.", True),
    ]
    await undone(desk, across)
    assert await read(ours, between) == ["Ours.", "Ours as well."]
    await undone(desk, inside)
    assert await read(ours, source) == ["Ours."]
    assert await read(theirs, target) == ["Theirs."]


async def test_a_merge_into_a_closed_ticket_is_warned_of_and_leaves_it_closed(desk: Any) -> None:
    account = await desk.account()
    source, target = await desk.ticket(account), await desk.ticket(account)
    await desk.post(f"/v1/tickets/{target['id']}/complete")
    preview = await desk.get(f"/v1/tickets/{source['id']}/merge-preview", into=target["id"])
    assert [each["code"] for each in preview["warnings"]] == ["target_closed"]
    before = await state(desk, source)
    merge = await merged(desk, source, target)
    assert (await state(desk, target))["status"] == "completed"
    assert len(await desk.events(TicketClosed)) == 2
    await undone(desk, merge)
    assert await state(desk, source) == before
    assert (await state(desk, target))["status"] == "completed"


async def test_what_the_manager_has_read_since_a_merge_is_not_unread_after_undoing_it(
    desk: Any, runtime: Any
) -> None:
    account = await desk.account()
    program = make_principal({"desk", "tickets.all"}, kind="api_key", name="Monitoring")
    source, target = await desk.ticket(account), await desk.ticket(account)
    async with client(runtime, SERVICE, principal=program) as http:
        for ticket in (target, source):
            await http.post(f"/v1/tickets/{ticket['id']}/notes", json={"text": "Help!"})
    merge = await merged(desk, source, target)
    assert (await state(desk, target))["envelope"] == "closed"
    await desk.post(f"/v1/tickets/{target['id']}/read")
    await undone(desk, merge)
    assert (await state(desk, target))["envelope"] == "open"


async def test_a_merge_by_a_program_is_undone_without_a_trace_on_the_ticket(
    desk: Any, runtime: Any
) -> None:
    account = await desk.account()
    source, target = await desk.ticket(account), await desk.ticket(account)
    before = await state(desk, source)
    program = make_principal({"desk", "tickets.all"}, kind="api_key", name="Monitoring")
    async with client(runtime, SERVICE, principal=program) as http:
        body = {"into": target["id"]}
        merge = (await http.post(f"/v1/tickets/{source['id']}/merge", json=body)).json()
    # As with whatever a program does to a ticket (S2-48).
    assert (await state(desk, target))["envelope"] == "closed"
    await undone(desk, merge)
    assert await state(desk, source) == before


async def test_a_customer_sees_in_which_ticket_theirs_goes_on(desk: Any, runtime: Any) -> None:
    ours, theirs = await desk.account("ACME"), await desk.account("Bolt")
    source, target = await desk.ticket(ours), await desk.ticket(ours)
    foreign, elsewhere = await desk.ticket(ours), await desk.ticket(theirs)
    await merged(desk, source, target)
    await merged(desk, foreign, elsewhere, allow_other_account=True)
    ann = make_principal({"customer"}, kind="contact", account_id=ours)
    async with client(runtime, SERVICE, principal=ann) as http:
        told = [
            (await http.get(f"/v1/portal/tickets/{each['id']}")).json()["continued_in"]
            for each in (source, foreign, target)
        ]
    assert told == [target["number"], None, None]


def test_every_table_about_tickets_is_carried_over_or_known_to_stay() -> None:
    named = {name for name, table in metadata.tables.items() if "ticket_id" in table.c}
    carried = {table for table, _ in merge_moves.CARRIED.values()} | {"recipient"}
    assert named == carried | set(STAYS)
