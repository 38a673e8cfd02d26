"""What happened to a ticket: one list, narrowed and ordered, never rewritten."""

from typing import Any

import pytest

from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE


@pytest.mark.covers("S2-17", "S2-66", "S2-69", "S2-70", "S2-72", "S2-73", "S2-74")
async def test_mails_notes_changes_and_work_stand_in_one_list(desk: Any, mail: Any) -> None:
    account = await desk.account(email1="ann@acme.example")
    await desk.take(mail(subject="Broken", message_id="<one@mail.example>"))
    ticket = await desk.only_ticket()
    path = f"/v1/tickets/{ticket['id']}"
    await desk.post(f"{path}/notes", text="Called Ann.", public=True)
    await desk.patch(path, priority="high")
    await desk.post(f"{path}/tasks", title="Order a part")
    await desk.post(f"{path}/charges", kind="work", minutes=30)
    await desk.take(mail(in_reply_to="<one@mail.example>", subject="Re: Broken"))
    entries = await desk.history(ticket["id"])
    kinds = [entry["kind"] for entry in entries]
    assert [k for k in kinds if k in ("email", "note")] == ["email", "note", "email"]
    assert {"email", "note", "audit"} < set(kinds)
    assert any("Order a part" in entry["text"] for entry in entries) or "task" in kinds
    assert all(e["public"] for e in entries if e["kind"] == "email")
    assert [e["id"] for e in entries] == sorted(e["id"] for e in entries)
    assert account == ticket["account"]["id"]


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
