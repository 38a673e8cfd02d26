"""Customers see and do what belongs to their account, and nothing of the desk's own leaves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE

TICKETS = "/v1/portal/tickets"


@dataclass
class Customer:
    """A contact of an account, signed in."""

    id: str
    account: str
    http: httpx.AsyncClient

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.http.get(path, params=params)
        assert answer.is_success, answer.text
        return answer.json()

    async def open(self, subject: str = "Printer", **fields: Any) -> dict[str, Any]:
        answer = await self.http.post(TICKETS, json={"subject": subject, **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@pytest.fixture
async def ann(desk: Any, runtime: Any) -> AsyncIterator[Customer]:
    """Ann of ACME."""
    account = await desk.account("ACME")
    contact = await desk.contact(account, "ann@acme.example", name="Ann Example")
    caller = _contact(contact, account, "Ann Example")
    async with client(runtime, SERVICE, principal=caller) as http:
        yield Customer(contact, account, http)


@pytest.fixture
async def other(desk: Any, runtime: Any) -> AsyncIterator[Customer]:
    """Bob of another company."""
    account = await desk.account("Globex")
    contact = await desk.contact(account, "bob@globex.example", name="Bob Other")
    async with client(runtime, SERVICE, principal=_contact(contact, account, "Bob Other")) as http:
        yield Customer(contact, account, http)


@pytest.fixture
async def colleague(desk: Any, runtime: Any, ann: Customer) -> AsyncIterator[Customer]:
    """Carl of ACME."""
    contact = await desk.contact(ann.account, "carl@acme.example", name="Carl Example")
    caller = _contact(contact, ann.account, "Carl Example")
    async with client(runtime, SERVICE, principal=caller) as http:
        yield Customer(contact, ann.account, http)


def _contact(contact: str, account: str, name: str) -> Any:
    return make_principal(
        {"customer"}, kind="contact", id=contact, account_id=account, name=name, email=None
    )


@pytest.mark.covers("S2-38", "S2-44", "S1-57")
async def test_a_ticket_of_a_customer_is_in_the_inbox_and_managed_as_any_other(
    desk: Any, ann: Customer
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    await desk.patch(f"/v1/accounts/{ann.account}", manager_id=mia)
    opened = await ann.open("Printer", description="It does not print.", priority="high")
    assert (opened["own"], opened["contact_name"]) == (True, "Ann Example")
    ticket = await desk.get(f"/v1/tickets/{opened['id']}")
    assert (ticket["channel"], ticket["in_inbox"]) == ("web", True)
    assert (ticket["account"]["id"], ticket["contact"]["id"]) == (ann.account, ann.id)
    assert (ticket["manager"]["id"], ticket["priority"]) == (mia, "high")
    assert [r["email"] for r in ticket["recipients"] if r["list_name"] == "external"] == [
        "ann@acme.example"
    ]


async def test_customers_see_the_tickets_of_their_account_only(
    desk: Any, ann: Customer, other: Customer, colleague: Customer
) -> None:
    mine = await ann.open("Printer of Ann")
    theirs = await other.open("Printer of Bob")
    assert [t["id"] for t in (await ann.get(TICKETS))["items"]] == [mine["id"]]
    (seen,) = (await colleague.get(TICKETS, q="of ann"))["items"]
    assert (seen["id"], seen["own"]) == (mine["id"], False)
    assert (await ann.get(TICKETS, q=mine["number"][-4:]))["items"] != []
    assert (await ann.get(TICKETS, q="Bob"))["items"] == []
    assert (await ann.get(TICKETS, state="closed"))["items"] == []
    await desk.post(f"/v1/tickets/{mine['id']}/complete")
    assert len((await ann.get(TICKETS, state="closed"))["items"]) == 1
    for key in (theirs["id"], theirs["number"], "0000-0000", "x"):
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/history", None),
            ("GET", "/documents", None),
            ("PATCH", "", {"priority": "low"}),
            ("POST", "/notes", {"text": "x"}),
            ("POST", "/close", None),
            ("POST", "/documents?name=a.txt", {}),
        ):
            hidden = await ann.http.request(method, f"{TICKETS}/{key}{path}", json=body)
            assert (hidden.status_code, hidden.json()["code"]) == (404, "ticket_not_found")


async def test_nobody_of_the_desk_is_a_customer(desk: Any, ann: Customer) -> None:
    refused = await desk.http.get(TICKETS)
    assert (refused.status_code, refused.json()["code"]) == (403, "customers_only")


@pytest.mark.covers("S2-73")
async def test_nothing_of_the_desks_own_leaves_with_a_ticket(
    desk: Any, ann: Customer, other: Customer
) -> None:
    """Asserts on everything that the portal says about a ticket with all its parts."""
    mia = await desk.employee("Mia Manager", "mia.manager@desk.example")
    opened = await ann.open("Printer", description="It does not print.")
    path = f"/v1/tickets/{opened['id']}"
    await desk.patch(path, manager_id=mia)
    await desk.post(f"{path}/notes", text="internal: they never pay", public=False)
    await desk.post(f"{path}/notes", text="We are on it.", public=True)
    hidden = await desk.http.post(f"{path}/documents?name=secret.txt", content=b"margin 40 %")
    shown = await desk.http.post(f"{path}/documents?name=offer.txt&public=true", content=b"offer")
    assert (hidden.status_code, shown.status_code) == (201, 201)
    portal = f"{TICKETS}/{opened['id']}"
    said = [
        (await ann.http.get(each)).text
        for each in (TICKETS, portal, f"{portal}/history", f"{portal}/documents")
    ]
    everything = " ".join(said)
    for word in (
        *("Mia", "mia.manager", mia, "they never pay", "secret.txt", "employee:", "desk.example"),
        *("manager", "reason", "recipient", "inbox", "internal", "channel", "unread", "price"),
        *("Globex", other.account, "Terry"),
    ):
        assert word not in everything, word
    assert "We are on it." in said[2]
    assert "offer.txt" in said[3]
    entries = (await ann.get(f"{portal}/history"))["items"]
    assert [(each["kind"], each["by"], each["name"]) for each in entries] == [
        ("note", "support", None),
        ("document", "support", None),
    ]
    (document,) = (await ann.get(f"{portal}/documents"))["items"]
    content = await ann.http.get(f"{portal}/documents/{document['id']}/content")
    assert (content.content, content.headers["Content-Disposition"][:10]) == (
        b"offer",
        "attachment",
    )
    secret = f"{portal}/documents/{hidden.json()['id']}/content"
    assert (await ann.http.get(secret)).status_code == 404


@pytest.mark.covers("S2-41", "S2-45")
async def test_customers_change_of_their_own_open_tickets_what_the_desk_lets_them(
    desk: Any, ann: Customer, colleague: Customer
) -> None:
    opened = await ann.open("Printer")
    path = f"{TICKETS}/{opened['id']}"
    await desk.http.delete(f"/v1/tickets/{opened['id']}/inbox")
    before = await ann.get(path)
    assert (before["may_change"], before["may_close"]) == (["description", "priority"], False)
    stale = await ann.http.patch(path, json={"priority": "low"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    changed = await ann.http.patch(path, json={"description": "Now it smokes."})
    assert changed.json()["description"] == "Now it smokes."
    assert (await desk.get(f"/v1/tickets/{opened['id']}"))["in_inbox"] is True
    assert (await ann.http.patch(path, json={"subject": "x"})).status_code == 422
    theirs = await colleague.http.patch(path, json={"priority": "low"})
    assert (theirs.status_code, theirs.json()["code"]) == (403, "change_not_allowed")
    assert (await colleague.get(path))["may_change"] == []
    await desk.patch("/v1/settings", customer_may_change=["priority"])
    refused = await ann.http.patch(path, json={"description": "x"})
    assert (refused.status_code, refused.json()["field"]) == (403, "/description")
    assert (await ann.http.patch(path, json={"priority": "low"})).status_code == 200
    closing = await ann.http.post(f"{path}/close")
    assert (closing.status_code, closing.json()["code"]) == (403, "change_not_allowed")
    await desk.patch("/v1/settings", customer_may_close=True)
    assert (await ann.http.post(f"{path}/close")).json()["status"] == "completed"
    assert (await ann.http.post(f"{path}/close")).status_code == 200
    late = await ann.http.patch(path, json={"priority": "high"})
    assert (late.status_code, late.json()["code"]) == (409, "ticket_closed")


@pytest.mark.covers("S2-46")
async def test_notes_and_files_of_customers_are_public_and_reach_the_inbox(
    desk: Any, ann: Customer, colleague: Customer
) -> None:
    opened = await ann.open("Printer")
    path = f"{TICKETS}/{opened['id']}"

    async def out_of_inbox() -> None:
        await desk.http.delete(f"/v1/tickets/{opened['id']}/inbox")

    async def in_inbox() -> bool:
        return bool((await desk.get(f"/v1/tickets/{opened['id']}"))["in_inbox"])

    await out_of_inbox()
    noted = await colleague.http.post(f"{path}/notes", json={"text": "Mine does not either."})
    assert (noted.status_code, noted.json()["name"]) == (201, "Carl Example")
    assert await in_inbox()
    await out_of_inbox()
    added = await ann.http.post(f"{path}/documents?name=photo.png", content=b"\x89PNG\r\n\x1a\n.")
    assert (added.status_code, added.json()["by"]) == (201, "customer")
    assert await in_inbox()
    entries = (await ann.get(f"{path}/history"))["items"]
    assert [(each["kind"], each["name"]) for each in entries] == [
        ("note", "Carl Example"),
        ("document", "Ann Example"),
    ]
    assert entries[0]["text"] == "Mine does not either."
    other = await ann.open("Another")
    document = added.json()["id"]
    elsewhere = f"{TICKETS}/{other['id']}/documents/{document}/content"
    assert (await ann.http.get(elsewhere)).status_code == 404
    assert (await ann.http.get(f"{path}/documents/{document}/content")).status_code == 200
