"""Messages between employees."""

from typing import Any

import httpx
import pytest

from patchbay_contracts import MessageSent, TicketUpdated
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE
from ticket_svc.messages.reading import ticket_parts


def signed_in(runtime: Runtime, employee_id: str, *permissions: str) -> Any:
    """A client of the employee."""
    held = {"desk", *permissions}
    return client(runtime, SERVICE, principal=make_principal(held, id=employee_id))


async def listed(http: httpx.AsyncClient, path: str = "/v1/messages", **params: Any) -> list[str]:
    """The texts in a list of messages."""
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [each["text"] for each in answer.json()["items"]]


async def unread(http: httpx.AsyncClient) -> int:
    """How many messages wait."""
    return int((await http.get("/v1/messages/unread-count")).json()["count"])


@pytest.mark.covers("S2-14", "S2-72")
async def test_a_message_about_a_ticket_reaches_its_recipients_and_the_internal_history(
    desk: Any,
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    leo = await desk.employee("Leo", "leo@desk.example", permissions=["desk", "tickets.all"])
    ticket = await desk.ticket(manager_id=mia)
    path = f"/v1/tickets/{ticket['number']}/messages"
    to = [{"role": "ticket_manager"}, {"employee_id": leo}, {"employee_id": mia}]
    made = await desk.http.post(path, json={"to": to, "subject": "Disk", "text": "Look at it"})
    assert made.status_code == 201, made.text
    assert {each["name"] for each in made.json()["to"]} == {"Mia", "Leo"}
    location = made.headers["Location"]
    async with signed_in(desk.runtime, mia) as http:
        assert (await unread(http), await listed(http, unread=True)) == (1, ["Look at it"])
        assert (await http.get(location)).json()["unread"] is True
        read = await http.post(f"{location}/read")
        assert read.json()["unread"] is False
        first = next(each for each in read.json()["to"] if each["employee_id"] == mia)
        again = (await http.post(f"{location}/read")).json()["to"]
        assert first in again
        assert (await unread(http), await listed(http, unread=True)) == (0, [])
        assert await listed(http) == ["Look at it"]
        assert (await http.delete(f"{location}/read")).json()["unread"] is True
        assert await unread(http) == 1
    assert await listed(desk.http, box="sent") == ["Look at it"]
    assert await listed(desk.http) == []
    (entry,) = await desk.history(ticket["id"], kind="message")
    assert (entry["text"], entry["public"]) == ("Look at it", False)
    (sent,) = await desk.events(MessageSent)
    assert set(sent.data.recipient_ids) == {mia, leo}
    assert "Look at it" not in sent.model_dump_json()
    assert [e.data.changed for e in await desk.events(TicketUpdated)] == [["messages"]]
    async with desk.runtime.db.read() as session:
        (part,) = (await ticket_parts(session, ticket["id"]))["messages"]
    assert part.subject == "Disk"


@pytest.mark.covers("S2-14", "S2-27")
async def test_a_message_about_a_ticket_is_for_those_who_see_the_ticket(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", permissions=["desk"])
    leo = await desk.employee("Leo", "leo@desk.example", permissions=["desk"])
    ticket = await desk.ticket(manager_id=mia)
    path = f"/v1/tickets/{ticket['id']}/messages"
    refused = await desk.http.post(path, json={"to": [{"employee_id": leo}], "text": "x"})
    assert (refused.status_code, refused.json()["code"]) == (422, "recipient_cannot_see_ticket")
    assert "Leo" in refused.json()["detail"]
    made = await desk.post(path, to=[{"employee_id": mia}], text="For Mia")
    location = f"/v1/messages/{made['id']}"
    async with signed_in(desk.runtime, leo) as http:
        assert (await http.get(location)).status_code == 404
        assert (await http.get(path)).status_code == 404
        body = {"to": [{"employee_id": mia}], "text": "x"}
        assert (await http.post(path, json=body)).status_code == 404
        named = await http.post("/v1/messages", json={**body, "ticket_id": ticket["id"]})
        assert named.json()["code"] == "ticket_unknown"
    async with signed_in(desk.runtime, leo, "tickets.all") as http:
        assert await listed(http, path) == ["For Mia"]
        assert (await http.get(location)).json()["unread"] is False
        assert (await http.post(f"{location}/read")).status_code == 404
    await desk.patch(f"/v1/tickets/{ticket['id']}", manager_id=leo)
    async with signed_in(desk.runtime, mia) as http:
        assert (await unread(http), await listed(http)) == (0, [])
        assert (await http.get(location)).status_code == 404
        assert (await http.post(f"{location}/read")).status_code == 404


@pytest.mark.covers("S2-14")
async def test_a_message_about_nothing_is_between_sender_and_recipients(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    leo = await desk.employee("Leo", "leo@desk.example")
    made = await desk.post("/v1/messages", to=[{"employee_id": mia}], text="Lunch?")
    location = f"/v1/messages/{made['id']}"
    async with signed_in(desk.runtime, mia) as http:
        assert await listed(http) == ["Lunch?"]
    async with signed_in(desk.runtime, leo, "tickets.all") as http:
        assert (await http.get(location)).status_code == 404
        assert await listed(http) == []
    assert (await desk.http.get(location)).status_code == 200
    contact = make_principal({"desk"}, kind="contact", account_id=await desk.account())
    async with client(desk.runtime, SERVICE, principal=contact) as http:
        assert (await http.get(location)).status_code == 404
        body = {"to": [{"employee_id": mia}], "text": "x"}
        assert (await http.post("/v1/messages", json=body)).status_code == 403


async def test_a_message_to_nobody_is_refused(desk: Any) -> None:
    ticket = await desk.ticket()
    await desk.patch(f"/v1/tickets/{ticket['id']}", manager_id=None)
    mia = await desk.employee("Mia", "mia@desk.example")
    await desk.patch(f"/v1/employees/{mia}", active=False)
    about = {"ticket_id": ticket["id"]}
    for fields, code in (
        ({"to": []}, "validation_failed"),
        ({"to": [{}]}, "validation_failed"),
        ({"to": [{"employee_id": new_id()}]}, "employee_unknown"),
        ({"to": [{"employee_id": mia}]}, "employee_unknown"),
        ({"to": [{"role": "ticket_manager"}]}, "role_without_ticket"),
        ({"to": [{"role": "ticket_manager"}], **about}, "role_vacant"),
        ({"to": [{"role": "account_manager"}], **about}, "role_vacant"),
        ({"to": [{"employee_id": mia}], "ticket_id": new_id()}, "ticket_unknown"),
    ):
        answer = await desk.http.post("/v1/messages", json={"text": "x", **fields})
        assert (answer.status_code, answer.json()["code"]) == (422, code), fields
    assert await desk.events(MessageSent) == []
