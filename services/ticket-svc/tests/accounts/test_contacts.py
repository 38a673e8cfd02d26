"""Contacts of accounts: the main one, archiving, and who hears of changes."""

import asyncio
import random
from typing import Any

import pytest

from patchbay_contracts import ContactCreated, ContactUpdated

MISSING = "01890000-0000-7000-8000-00000000000f"


async def _mains(desk: Any, account: str) -> list[str]:
    contacts = (await desk.get("/v1/contacts", account_id=account))["items"]
    return [contact["id"] for contact in contacts if contact["is_main"]]


async def test_contacts_are_announced_with_what_changed(desk: Any) -> None:
    account = await desk.account()
    ann = await desk.contact(account, "ann@acme.example", is_main=True, title="Owner", phone="1")
    ben = await desk.contact(account, "ben@acme.example", is_main=True)
    (first, second) = await desk.events(ContactCreated)
    assert (first.data.contact_id, first.data.is_main, second.data.contact_id) == (ann, True, ben)
    changed = await desk.patch(f"/v1/contacts/{ben}", title="Clerk", phone="2")
    assert (changed["title"], changed["phone"], changed["version"]) == ("Clerk", "2", 2)
    await desk.patch(f"/v1/contacts/{ben}", title="Clerk")
    told = [(e.subject, e.data.changed, e.data.is_main) for e in await desk.events(ContactUpdated)]
    assert told == [(ann, ["is_main"], False), (ben, ["phone", "title"], True)]


async def test_an_archived_contact_is_never_the_main_one(desk: Any) -> None:
    account = await desk.account()
    ann = await desk.contact(account, "ann@acme.example", is_main=True)
    path = f"/v1/contacts/{ann}"
    gone = await desk.post(f"{path}/archive")
    assert (gone["is_main"], gone["archived_at"] is None) == (False, False)
    refused = await desk.http.patch(path, json={"is_main": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "contact_archived")
    assert (await desk.get("/v1/contacts", account_id=account))["items"] == []
    archived = (await desk.get("/v1/contacts", account_id=account, archived=True))["items"]
    assert [each["id"] for each in archived] == [ann]
    back = await desk.post(f"{path}/restore")
    assert (back["is_main"], back["archived_at"]) == (False, None)
    told = [(e.data.changed, e.data.archived) for e in await desk.events(ContactUpdated)]
    assert told == [(["archived", "is_main"], True), (["archived"], False)]


async def test_bad_contacts_are_refused(desk: Any) -> None:
    account = await desk.account()
    ann = await desk.contact(account, "ann@acme.example")
    lost = await desk.http.post("/v1/contacts", json={"account_id": MISSING, "name": "x"})
    assert (lost.status_code, lost.json()["code"]) == (422, "account_unknown")
    for body in (
        {"account_id": account},
        {"name": None},
        {"is_main": None},
        {"custom_fields": None},
        {"email1": "not an address"},
        {"phone": "1" * 51},
        {"password": "x"},
    ):
        answer = await desk.http.patch(f"/v1/contacts/{ann}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), body
    for action in ("archive", "restore"):
        missing = await desk.http.post(f"/v1/contacts/{MISSING}/{action}")
        assert (missing.status_code, missing.json()["code"]) == (404, "contact_not_found")
        stale = await desk.http.post(f"/v1/contacts/{ann}/{action}", headers={"If-Match": '"9"'})
        assert stale.status_code == 412


async def test_changes_of_the_main_contact_at_once_leave_one_at_most(desk: Any) -> None:
    account = await desk.account()
    people = [await desk.contact(account, f"p{n}@acme.example") for n in range(5)]
    order = random.Random(7)
    for _ in range(3):
        asked: list[tuple[str, str, Any]] = []
        for person in people:
            asked.append(("PATCH", f"/v1/contacts/{person}", {"is_main": True}))
            asked += [("POST", f"/v1/contacts/{person}/{a}", None) for a in ("archive", "restore")]
        new = {"account_id": account, "name": "New", "is_main": True}
        asked.append(("POST", "/v1/contacts", new))
        order.shuffle(asked)
        answers = await asyncio.gather(
            *(desk.http.request(method, path, json=body) for method, path, body in asked)
        )
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        assert len(await _mains(desk, account)) <= 1
    await desk.post(f"/v1/contacts/{people[0]}/restore")
    await desk.patch(f"/v1/contacts/{people[0]}", is_main=True)
    assert await _mains(desk, account) == [people[0]]


@pytest.mark.covers("S2-133")
async def test_the_next_ticket_goes_to_the_main_contact_of_the_moment(desk: Any) -> None:
    account = await desk.account()
    await desk.contact(account, "ann@acme.example", is_main=True)
    ben = await desk.contact(account, "ben@acme.example")
    await desk.patch(f"/v1/contacts/{ben}", is_main=True)
    ticket = await desk.ticket(account)
    external = [r["email"] for r in ticket["recipients"] if r["list_name"] == "external"]
    assert external == ["ben@acme.example"]
