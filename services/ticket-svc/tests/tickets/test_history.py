"""What happened to a ticket: one list, narrowed and ordered, never rewritten."""

from pathlib import Path
from typing import Any

import pytest

from patchbay_kit.testing.harness import client, make_principal, make_runtime
from ticket_svc.definition import SERVICE

SLOT = {"starts_at": "2026-11-23T08:00:00Z", "ends_at": "2026-11-23T10:00:00Z"}


@pytest.mark.covers("S2-17", "S2-36", "S2-49", "S2-66", "S2-69", "S2-70", "S2-71", "S2-72", "S2-74")
async def test_all_that_people_do_with_a_ticket_stands_in_one_list(
    mail: Any, tmp_path: Path, database_url: str, make_desk: Any
) -> None:
    """What an employee does never reaches the Inbox, what a customer does always, and all of it is
    in the history.
    """
    settings = {"admin_email": "admin@desk.example", "admin_password": "a long enough password"}
    async with (
        make_runtime(SERVICE, database_url, blob_dir=tmp_path / "blobs", **settings) as runtime,
        client(runtime, SERVICE) as http,
    ):
        desk = make_desk(runtime, http)
        mia = await desk.employee("Mia", "mia@desk.example", permissions=["desk", "tickets.all"])
        account = await desk.account(email1="info@acme.example")
        ann = await desk.contact(account, "ann@acme.example", name="Ann")
        caller = make_principal({"customer"}, kind="contact", id=ann, account_id=account)
        ticket = await desk.ticket(account, contact_id=ann, manager_id=mia)
        path, number = f"/v1/tickets/{ticket['id']}", ticket["number"]
        task = await desk.post(f"{path}/tasks", title="Order a part")
        slot = await desk.post(f"{path}/appointments", employee_id=mia, **SLOT)
        done: list[tuple[str, Any]] = [
            ("audit", lambda: desk.patch(path, priority="high")),
            ("note", lambda: desk.post(f"{path}/notes", text="Called Ann.")),
            ("charge", lambda: desk.post(f"{path}/charges", kind="work", minutes=30)),
            ("message", lambda: desk.post(f"{path}/messages", to=[to(mia)], text="Look.")),
            ("document", lambda: desk.http.post(f"{path}/documents?name=a.txt", content=b"a")),
            ("task", lambda: desk.post(f"/v1/tasks/{task['id']}/complete")),
            ("appointment", lambda: desk.post(f"/v1/appointments/{slot['id']}/complete")),
            ("email", lambda: desk.take(_about(mail, "mia@desk.example", number))),
        ]
        for kind, act in done:
            assert await _added(desk, path, act) == [(kind, "employee")]
            assert (await desk.get(path))["in_inbox"] is False, kind
        async with client(runtime, SERVICE, principal=caller) as customer:
            portal = f"/v1/portal/tickets/{ticket['id']}"
            by_customer: list[tuple[str, Any]] = [
                ("audit", lambda: customer.patch(portal, json={"description": "It smokes."})),
                ("note", lambda: customer.post(f"{portal}/notes", json={"text": "Help!"})),
                ("document", lambda: customer.post(f"{portal}/documents?name=b.txt", content=b"b")),
                ("email", lambda: desk.take(_about(mail, "ann@acme.example", number))),
            ]
            for kind, act in by_customer:
                ((found, actor),) = await _added(desk, path, act)
                assert (found, actor in ("contact", "address")) == (kind, True)
                now = await desk.get(path)
                assert (now["in_inbox"], now["envelope"]) == (True, "closed"), kind
                await desk.http.delete(f"{path}/inbox")
        entries = await desk.history(ticket["id"])
        assert [e["id"] for e in entries] == sorted(e["id"] for e in entries)


def to(employee: str) -> dict[str, str]:
    return {"employee_id": employee}


def _about(mail: Any, sender: str, number: str) -> Any:
    return mail(sender, f"Re: [{number}]", subject_numbers=[number])


async def _added(desk: Any, path: str, act: Any) -> list[tuple[str, str]]:
    """Kind of entry and of actor of what an act leaves in the history."""
    ticket = path.rpartition("/")[2]
    before = {entry["id"] for entry in await desk.history(ticket)}
    answer = await act()
    assert getattr(answer, "is_success", True), answer.text
    added = [entry for entry in await desk.history(ticket) if entry["id"] not in before]
    return [(entry["kind"], entry["actor"].partition(":")[0]) for entry in added]


async def test_the_history_is_narrowed_by_what_who_when_and_text(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    path = f"/v1/tickets/{ticket['id']}"
    await desk.post(f"{path}/notes", text="For all 100%.", public=True)
    await desk.post(f"{path}/notes", text="Between us.")
    await desk.patch(path, priority="high")

    async def found(**params: Any) -> list[str]:
        return [entry["text"] for entry in await desk.history(ticket["id"], **params)]

    assert await found(kind="note") == ["For all 100%.", "Between us."]
    assert len(await found(kind=["note", "audit"])) == 3
    unknown = await desk.http.get(f"{path}/history", params={"kind": "notes"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "validation_failed")
    assert await found(kind="note", public="true") == ["For all 100%."]
    assert await found(kind="note", public="false", q="BETWEEN") == ["Between us."]
    assert await found(q="100%") == ["For all 100%."]
    actor = (await desk.history(ticket["id"], kind="note"))[0]["actor"]
    assert len(await found(actor=actor)) == 3
    assert "For all 100%." not in await found(actor=f"rmm:{rmm.connection}")
    (created,) = await desk.history(ticket["id"], kind="remote_created")
    assert created["occurred_at"] == "2026-11-20T08:00:00Z"
    assert await found(until="2026-11-20T08:00:00Z") == []
    assert created["text"] in await found(since="2026-11-20T08:00:00Z")
    newest = await found(order="newest")
    assert newest == (await found())[::-1]
    first = await desk.get(f"{path}/history", order="newest", limit=2)
    rest = await desk.get(f"{path}/history", order="newest", cursor=first["next_cursor"])
    assert [e["text"] for e in first["items"] + rest["items"]] == newest
    assert (await desk.http.get(f"{path}/history?since=yesterday")).status_code == 422


async def test_entries_are_appended_and_never_changed(desk: Any) -> None:
    ticket = await desk.ticket()
    note = await desk.post(f"/v1/tickets/{ticket['id']}/notes", text="x")
    for method in ("PATCH", "PUT", "DELETE"):
        for tail in ("notes", "history"):
            path = f"/v1/tickets/{ticket['id']}/{tail}/{note['id']}"
            answer = await desk.http.request(method, path, json={})
            assert answer.status_code in (404, 405)


@pytest.mark.covers("S2-27", "S2-30")
async def test_a_ticket_of_another_manager_is_not_there_for_those_without_the_right(
    desk: Any, runtime: Any
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    account = await desk.account()
    mine, other = await desk.ticket(account, manager_id=mia), await desk.ticket(account)
    reading = ["", "/history", "/explain", "/recipients", "/recipients/candidates"]
    reading += ["/relations", "/merges", "/page"]
    writing: list[tuple[str, str, Any]] = [
        ("PATCH", "", {"subject": "x"}),
        ("POST", "/status", {"status": "waiting"}),
        *(("POST", f"/{each}", None) for each in ("complete", "cancel", "reopen")),
        *(("POST", f"/{each}", None) for each in ("inbox", "read", "unread", "subscription")),
        ("DELETE", "/inbox", None),
        ("DELETE", "/subscription", None),
        ("POST", "/notes", {"text": "x"}),
        ("POST", "/recipients", {"email": "a@b.example"}),
        ("PUT", "/recipients", {}),
        ("POST", "/relations", {"ticket": mine["id"]}),
        ("POST", "/merge", {"into": mine["id"]}),
    ]
    async with client(runtime, SERVICE, principal=make_principal({"desk"}, id=mia)) as http:
        for tail in reading:
            assert (await http.get(f"/v1/tickets/{mine['id']}{tail}")).status_code == 200, tail
            for key in (other["id"], other["number"]):
                answer = await http.get(f"/v1/tickets/{key}{tail}")
                assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found")
        for method, tail, body in writing:
            answer = await http.request(method, f"/v1/tickets/{other['id']}{tail}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found"), tail
        given = await http.patch(f"/v1/tickets/{mine['id']}", json={"manager_id": None})
        assert (given.status_code, given.json()["manager"]) == (200, None)
        assert (await http.get(f"/v1/tickets/{mine['id']}")).status_code == 404
    assert (await desk.get(f"/v1/tickets/{other['id']}"))["version"] == 1


@pytest.mark.covers("S2-66", "S2-68")
async def test_an_entry_names_who_did_it(desk: Any, runtime: Any, mail: Any, rmm: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    account = await desk.account(email1="info@acme.example")
    ann = await desk.contact(account, "ann@acme.example", name="Ann")
    await desk.take(rmm.site_linked(account))
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    path = f"/v1/tickets/{ticket['id']}"
    callers = [
        make_principal({"desk", "tickets.all"}, id=mia),
        make_principal({"desk"}, kind="contact", id=ann, account_id=account),
    ]
    for caller in callers:
        async with client(runtime, SERVICE, principal=caller) as http:
            note = (await http.post(f"{path}/notes", json={"text": "x", "public": True})).json()
            assert note["actor_name"] in ("Mia", "Ann")
    number = ticket["number"]
    await desk.take(mail("info@acme.example", f"[{number}]", subject_numbers=[number]))
    names = {entry["actor"]: entry["actor_name"] for entry in await desk.history(ticket["id"])}
    assert names == {
        f"employee:{mia}": "Mia",
        f"contact:{ann}": "Ann",
        "address:info@acme.example": "info@acme.example",
        f"rmm:{rmm.connection}": None,
    }
