"""Merging tickets: everything goes along, later mail follows, and undoing takes back just that."""

from typing import Any

import pytest

from patchbay_contracts import (
    SendEmail,
    TicketClosed,
    TicketMerged,
    TicketReopened,
    TicketUnmerged,
    TicketUpdated,
)
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE


async def merged(desk: Any, source: str, into: str, **body: Any) -> Any:
    return await desk.post(f"/v1/tickets/{source}/merge", into=into, **body)


async def texts(desk: Any, ticket: str) -> list[str]:
    return [entry["text"] for entry in await desk.history(ticket)]


async def test_what_hangs_on_a_ticket_hangs_on_the_other_after_a_merge(desk: Any) -> None:
    account = await desk.account(email1="info@acme.example")
    source, target = await desk.ticket(account), await desk.ticket(account)
    path = f"/v1/tickets/{source['id']}"
    await desk.post(f"{path}/notes", text="Called Ann.")
    await desk.post(f"{path}/recipients", email="ann@acme.example", place="cc")
    preview = await desk.get(f"{path}/merge-preview", into=target["number"])
    assert (preview["moves"]["history"], preview["moves"]["recipients"]) == (3, 1)
    assert preview["into"]["number"] == target["number"]
    assert await desk.events(TicketMerged) == []
    view = await merged(desk, source["number"], target["number"])
    assert view["moved"] == preview["moves"]
    assert "Called Ann." in await texts(desk, target["id"])
    assert await texts(desk, source["id"]) == [
        "Status: New → Canceled",
        f"Merged into ticket {target['number']}.",
    ]
    lists = await desk.get(f"/v1/tickets/{target['id']}/recipients")
    assert [(e["email"], e["place"]) for e in lists["external"]] == [
        ("info@acme.example", "to"),
        ("ann@acme.example", "cc"),
    ]
    left = await desk.get(path)
    assert (left["status"], left["in_inbox"]) == ("canceled", False)
    assert left["merged_into_id"] == target["id"]
    assert (await desk.reasons(source["id"]))[-1] == "ticket.merged"
    (event,) = await desk.events(TicketMerged)
    assert (event.data.into_number, event.data.merge_id) == (target["number"], view["id"])
    assert event.aggregateversion == left["version"]
    updated = (await desk.events(TicketUpdated))[-1]
    assert (updated.subject, updated.data.changed) == (target["id"], ["history", "recipients"])


async def test_nothing_is_written_on_a_merged_ticket(desk: Any) -> None:
    account = await desk.account()
    source, target = await desk.ticket(account), await desk.ticket(account)
    await merged(desk, source["id"], target["id"])
    path = f"/v1/tickets/{source['id']}"
    for url, body in ((f"{path}/notes", {"text": "x"}), (f"{path}/reopen", None)):
        answer = await desk.http.post(url, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "ticket_merged")
        assert target["id"] in answer.json()["detail"]


async def test_merges_that_make_no_sense_are_refused(desk: Any) -> None:
    account, other = await desk.account("ACME"), await desk.account("Bolt")
    first, second = await desk.ticket(account), await desk.ticket(account)
    third, foreign = await desk.ticket(account), await desk.ticket(other)
    await merged(desk, first["id"], second["id"])
    missing = "01890000-0000-7000-8000-00000000000f"
    for into, code in (
        (third["number"], "same_ticket"),
        (first["id"], "into_merged_ticket"),
        (foreign["id"], "ticket_of_other_account"),
        (missing, "ticket_unknown"),
        ("what?", "ticket_unknown"),
    ):
        path = f"/v1/tickets/{third['id']}"
        answer = await desk.http.post(f"{path}/merge", json={"into": into})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["field"] == "/into"
        params = {"into": into, "allow_other_account": "false"}
        preview = await desk.http.get(f"{path}/merge-preview", params=params)
        assert (preview.status_code, preview.json()["code"]) == (422, code)
    preview = await desk.get(f"/v1/tickets/{third['id']}/merge-preview", into=foreign["id"])
    assert [each["code"] for each in preview["warnings"]] == ["other_account"]
    await merged(desk, third["id"], foreign["id"], allow_other_account=True)


@pytest.mark.covers("S1-83")
async def test_to_the_remote_system_a_merge_is_a_close(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    source = await desk.only_ticket()
    target = await desk.ticket(source["account"]["id"])
    preview = await desk.get(f"/v1/tickets/{source['id']}/merge-preview", into=target["id"])
    assert [each["code"] for each in preview["warnings"]] == ["remote_twin_closes"]
    view = await merged(desk, source["id"], target["id"])
    (closed,) = await desk.events(TicketClosed)
    assert (closed.subject, closed.data.remote.remote_ticket_id) == (source["id"], "1")
    # What the remote still says is written where the ticket went, and changes no twin of that.
    await desk.take(rmm.noted("On it."), rmm.closed(), rmm.failed(source["id"]))
    now = await desk.get(f"/v1/tickets/{target['id']}")
    assert (now["in_inbox"], now["status"], now["remote"]) == (True, "new", None)
    assert "On it." in await texts(desk, target["id"])
    assert (await desk.get(f"/v1/tickets/{source['id']}"))["in_inbox"] is False
    await desk.post(f"/v1/ticket-merges/{view['id']}/undo")
    assert len(await desk.events(TicketReopened)) == 1
    assert (await desk.get(f"/v1/tickets/{source['id']}"))["in_inbox"] is True
    assert "On it." in await texts(desk, target["id"])


async def test_mail_to_a_merged_ticket_is_filed_where_it_went(desk: Any, mail: Any) -> None:
    account = await desk.account(email1="ann@acme.example")
    tickets = [await desk.ticket(account) for _ in range(3)]
    opener = mail(subject="Broken", message_id="<first@mail.example>")
    await desk.take(opener)
    opened = await desk.get(f"/v1/mail-decisions/{opener.data.mail.mail_id}")
    await merged(desk, opened["ticket_id"], tickets[0]["id"])
    await merged(desk, tickets[0]["id"], tickets[1]["id"])
    await merged(desk, tickets[1]["id"], tickets[2]["id"])
    number = tickets[0]["number"]
    answers = [
        mail(subject="Re: Broken", in_reply_to="<first@mail.example>", new_text="by reference"),
        mail(subject=f"Re: [{number}] x", subject_numbers=[number], new_text="by number"),
        mail(subject="Re: y", token_ticket_id=tickets[1]["id"], new_text="by token"),
    ]
    await desk.take(*answers)
    for answer in answers:
        assert (await desk.decision(answer))["ticket_id"] == tickets[2]["id"]
    assert {"by reference", "by number", "by token"} <= set(await texts(desk, tickets[2]["id"]))
    sent = (await desk.events(SendEmail))[-1]
    assert sent.data.ticket_number == tickets[2]["number"]
    here = await desk.get(f"/v1/tickets/{tickets[2]['id']}")
    assert (here["in_inbox"], here["envelope"]) == (True, "closed")


async def test_undoing_takes_back_what_was_carried_over_and_leaves_what_came_later(
    desk: Any,
) -> None:
    account = await desk.account()
    source, target = await desk.ticket(account, status="waiting"), await desk.ticket(account)
    here, there = f"/v1/tickets/{source['id']}", f"/v1/tickets/{target['id']}"
    await desk.post(f"{here}/inbox")
    await desk.post(f"{here}/notes", text="Ours.")
    await desk.post(f"{here}/recipients", email="ann@acme.example")
    await desk.post(f"{there}/notes", text="Theirs.")
    before = await desk.get(here)
    view = await merged(desk, source["id"], target["id"])
    await desk.post(f"{there}/notes", text="Later.")
    await desk.post(f"{there}/recipients", email="ben@acme.example")
    undone = await desk.post(f"/v1/ticket-merges/{view['id']}/undo")
    assert undone["undone_at"] is not None
    assert "Ours." in await texts(desk, source["id"])
    assert "Ours." not in await texts(desk, target["id"])
    assert {"Theirs.", "Later."} <= set(await texts(desk, target["id"]))
    after = await desk.get(here)
    moving = ("version", "updated_at", "time_in_status", "status_since")
    assert {k: v for k, v in after.items() if k not in moving} == {
        k: v for k, v in before.items() if k not in moving
    }
    lists = await desk.get(f"{there}/recipients")
    assert [each["email"] for each in lists["external"]] == ["ben@acme.example"]
    assert (await desk.reasons(source["id"]))[-1] == "ticket.unmerged"
    (event,) = await desk.events(TicketUnmerged)
    assert (event.data.from_number, event.data.merge_id) == (target["number"], view["id"])
    again = await desk.http.post(f"/v1/ticket-merges/{view['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "merge_undone")
    assert [m["id"] for m in await desk.get(f"{there}/merges")] == [view["id"]]


async def test_a_merge_is_not_undone_while_the_other_ticket_is_merged_itself(desk: Any) -> None:
    account = await desk.account()
    a, b, c = [await desk.ticket(account) for _ in range(3)]
    await desk.post(f"/v1/tickets/{a['id']}/notes", text="Of a.")
    first = await merged(desk, a["id"], b["id"])
    second = await merged(desk, b["id"], c["id"])
    refused = await desk.http.post(f"/v1/ticket-merges/{first['id']}/undo")
    assert (refused.status_code, refused.json()["code"]) == (409, "merged_on")
    for merge in (second, first):
        await desk.post(f"/v1/ticket-merges/{merge['id']}/undo")
    assert "Of a." in await texts(desk, a["id"])
    for ticket in (b, c):
        assert "Of a." not in await texts(desk, ticket["id"])


async def test_an_unread_update_comes_along_and_goes_back(desk: Any, runtime: Any) -> None:
    account = await desk.account()
    program = make_principal({"desk", "tickets.all"}, kind="api_key", name="Monitoring")
    async with client(runtime, SERVICE, principal=program) as http:
        body = {"account_id": account, "subject": "Hi"}
        source = (await http.post("/v1/tickets", json=body)).json()
        await http.post(f"/v1/tickets/{source['id']}/notes", json={"text": "Help!"})
    target = await desk.ticket(account)
    view = await merged(desk, source["id"], target["id"])
    assert (await desk.get(f"/v1/tickets/{target['id']}"))["envelope"] == "closed"
    await desk.post(f"/v1/ticket-merges/{view['id']}/undo")
    assert (await desk.get(f"/v1/tickets/{target['id']}"))["envelope"] == "none"
    assert (await desk.get(f"/v1/tickets/{source['id']}"))["envelope"] == "closed"


async def test_a_search_finds_what_was_said_where_it_went(desk: Any) -> None:
    account = await desk.account()
    source, target = await desk.ticket(account), await desk.ticket(account)
    for ticket, word in ((source, "gearbox"), (target, "flywheel")):
        await desk.post(f"/v1/tickets/{ticket['id']}/notes", text=f"The {word} is broken.")

    async def found_by(word: str) -> list[str]:
        return [item["id"] for item in (await desk.get("/v1/tickets", q=word))["items"]]

    view = await merged(desk, source["id"], target["id"])
    assert await found_by("gearbox") == await found_by("flywheel") == [target["id"]]
    await desk.post(f"/v1/ticket-merges/{view['id']}/undo")
    assert await found_by("gearbox") == [source["id"]]
    assert await found_by("flywheel") == [target["id"]]
