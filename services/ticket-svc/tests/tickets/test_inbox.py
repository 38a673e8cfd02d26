"""The Inbox: one list for everybody, filled from outside and by hand (S2-34 .. S2-53)."""

from typing import Any

import pytest

from patchbay_contracts import (
    TicketClosed,
    TicketMovedToInbox,
    TicketRemovedFromInbox,
    TicketUpdated,
)
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE
from ticket_svc.views.renewing import renew_texts


def program() -> Any:
    return make_principal({"desk", "tickets.all"}, kind="api_key", name="Monitoring")


@pytest.mark.covers("S2-22", "S2-37", "S2-50", "S2-51", "S2-53")
async def test_a_move_by_hand_is_told_as_that_move_and_repeating_it_is_not(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}/inbox"
    for _ in range(2):
        await desk.post(path)
    (moved,) = await desk.events(TicketMovedToInbox)
    assert (moved.aggregateversion, moved.data.number) == (2, ticket["number"])
    for _ in range(2):
        assert (await desk.http.delete(path)).status_code == 204
    (removed,) = await desk.events(TicketRemovedFromInbox)
    assert removed.aggregateversion == 3
    assert await desk.events(TicketUpdated) == []
    audit = [e["data"]["new"] for e in (await desk.history(ticket["id"], kind="audit"))[1:]]
    assert audit == [True, False]


@pytest.mark.covers("S2-52", "S2-53")
async def test_a_drag_to_a_status_leaves_the_inbox_in_one_change_and_one_event(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    await desk.post(f"{path}/inbox")
    body = {"status": "waiting", "remove_from_inbox": True}
    dragged = await desk.post(f"{path}/status", **body)
    assert (dragged["status"], dragged["in_inbox"], dragged["version"]) == ("waiting", False, 3)
    (updated,) = await desk.events(TicketUpdated)
    assert updated.data.changed == ["status", "in_inbox"]
    assert await desk.events(TicketRemovedFromInbox) == []
    assert (await desk.post(f"{path}/status", **body))["version"] == 3
    # Into a closed status it is a close as well; to the same status only the removal is left.
    await desk.post(f"{path}/inbox")
    again = await desk.post(f"{path}/status", **body)
    assert (again["status"], again["in_inbox"]) == ("waiting", False)
    assert len(await desk.events(TicketRemovedFromInbox)) == 1
    await desk.post(f"{path}/inbox")
    await desk.post(f"{path}/status", status="completed", remove_from_inbox=True)
    assert len(await desk.events(TicketClosed)) == 1
    assert (await desk.events(TicketUpdated))[-1].data.changed == ["status", "in_inbox"]


async def test_a_drag_that_keeps_the_ticket_in_the_inbox_changes_the_status_alone(
    desk: Any,
) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    await desk.post(f"{path}/inbox")
    kept = await desk.post(f"{path}/status", status="waiting")
    assert (kept["status"], kept["in_inbox"]) == ("waiting", True)


@pytest.mark.covers("S2-34", "S2-36", "S2-42", "S2-48", "S2-49")
async def test_every_change_by_a_program_enters_the_inbox_and_none_by_an_employee_does(
    desk: Any, runtime: Any
) -> None:
    account = await desk.account()
    ticket = await desk.ticket(account)
    other = await desk.ticket(account)
    path = f"/v1/tickets/{ticket['id']}"
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", "", {"subject": "Other {}"}),
        ("PATCH", "", {"priority": "{}"}),
        ("POST", "/notes", {"text": "note {}"}),
        ("POST", "/recipients", {"email": "{}@acme.example"}),
        ("POST", "/relations", {"ticket": other["id"]}),
    ]
    for method, tail, body in changes[:4]:
        await _do(desk.http, method, path + tail, body, "high")
    assert (await desk.get(path))["in_inbox"] is False
    async with client(runtime, SERVICE, principal=program()) as http:
        for method, tail, body in changes:
            await _do(http, method, path + tail, body, "low")
            assert (await desk.get(path))["in_inbox"] is True, tail
            assert (await desk.history(ticket["id"]))[-1]["actor"].startswith("api_key:")
            await desk.http.delete(f"{path}/inbox")
    assert "inbox.external_update" in await desk.reasons(ticket["id"])


async def _do(http: Any, method: str, path: str, body: dict[str, Any], word: str) -> None:
    filled = {name: value.format(word) for name, value in body.items()}
    assert (await http.request(method, path, json=filled)).is_success


async def test_a_program_may_take_a_ticket_out_of_the_inbox_and_it_stays_out(
    desk: Any, runtime: Any
) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    await desk.post(f"{path}/inbox")
    async with client(runtime, SERVICE, principal=program()) as http:
        assert (await http.delete(f"{path}/inbox")).status_code == 204
    now = await desk.get(path)
    assert (now["in_inbox"], now["envelope"]) == (False, "none")
    await desk.post(f"{path}/inbox")
    async with client(runtime, SERVICE, principal=program()) as http:
        body = {"status": "waiting", "remove_from_inbox": True}
        assert (await http.post(f"{path}/status", json=body)).is_success
    now = await desk.get(path)
    assert (now["in_inbox"], now["envelope"]) == (False, "closed")


@pytest.mark.covers("S2-65")
async def test_reading_does_not_remove_and_removing_does_not_read(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received(), rmm.noted("Hello."))
    ticket = await desk.only_ticket()
    path = f"/v1/tickets/{ticket['id']}"
    read = await desk.post(f"{path}/read")
    assert (read["envelope"], read["in_inbox"]) == ("open", True)
    await desk.post(f"{path}/unread")
    await desk.http.delete(f"{path}/inbox")
    now = await desk.get(path)
    assert (now["envelope"], now["in_inbox"]) == ("closed", False)


@pytest.mark.covers("S2-39", "S2-43", "S2-47", "S2-56", "S2-57")
async def test_a_customers_mail_enters_the_inbox_unread_and_an_employees_does_not(
    desk: Any, mail: Any
) -> None:
    await desk.employee("Mia", "mia@desk.example")
    await desk.account(email1="ann@acme.example")
    await desk.take(mail("ann@acme.example", message_id="<one@mail.example>"))
    ticket = await desk.only_ticket()
    path = f"/v1/tickets/{ticket['id']}"
    for sender, expected in (("mia@desk.example", False), ("ann@acme.example", True)):
        await desk.post(f"{path}/read")
        await desk.http.delete(f"{path}/inbox")
        await desk.take(mail(sender, "Re: Printer", in_reply_to="<one@mail.example>"))
        now = await desk.get(path)
        assert (now["in_inbox"], now["envelope"] == "closed") == (expected, expected)


@pytest.mark.covers("S2-35", "S2-67")
async def test_every_entry_says_through_which_channel_it_came(
    desk: Any, runtime: Any, rmm: Any, mail: Any
) -> None:
    account = await desk.account(email1="ann@acme.example")
    await desk.take(rmm.site_linked(account))
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    path = f"/v1/tickets/{ticket['id']}/notes"
    number = ticket["number"]
    await desk.post(path, text="x")
    await desk.take(mail(subject=f"Re: [{number}]", subject_numbers=[number]))
    customer = make_principal({"desk"}, kind="contact", account_id=account)
    for caller in (program(), customer):
        async with client(runtime, SERVICE, principal=caller) as http:
            assert (await http.post(path, json={"text": "x"})).is_success
    channels = {entry["channel"] for entry in await desk.history(ticket["id"])}
    assert channels == {"rmm", "employee", "email", "api", "web"}


@pytest.mark.covers("S2-55")
async def test_envelope_and_bold_stand_in_every_list_as_on_the_ticket(desk: Any, rmm: Any) -> None:
    await desk.ticket()
    await desk.take(rmm.received("1"), rmm.received("2"))
    await desk.take(rmm.noted("Hello.", "1"), rmm.noted("Printer?", "2"))
    waiting, done = [each["id"] for each in await desk.tickets(view="inbox")]
    await desk.post(f"/v1/tickets/{waiting}/dispatch-flag")
    await desk.post(f"/v1/tickets/{done}/complete")
    saved = await desk.post("/v1/views", name="Mine", filter={"view": "all"})
    async with desk.runtime.db.unit_of_work() as uow:
        await renew_texts(uow)
    views = [{"view": each} for each in ("inbox", "dispatcher", "all", "open", "closed")]
    views += [{"q": "disk"}, {"saved_view": saved["id"]}, {"sort": "updated_at"}]
    for view in views:
        items = (await desk.get("/v1/tickets", **view))["items"]
        assert "closed" in [item["envelope"] for item in items], view
        for item in items:
            one = await desk.get(f"/v1/tickets/{item['id']}")
            assert {"envelope", "bold", "own"} < item.keys()
            assert item == {name: one[name] for name in item}
