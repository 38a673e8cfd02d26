"""Adding and removing recipients, menus, subscriptions, and the contact person's address."""

from typing import Any

import pytest

from patchbay_contracts import SendEmail
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE


async def addresses(desk: Any, ticket: str) -> list[tuple[str, str]]:
    lists = await desk.get(f"/v1/tickets/{ticket}/recipients")
    return [(each["email"], each["place"]) for each in lists["external"]]


async def employees(desk: Any, ticket: str) -> list[str]:
    return [e["name"] for e in (await desk.get(f"/v1/tickets/{ticket}/recipients"))["employees"]]


@pytest.mark.covers("S2-118", "S2-120", "S2-127", "S2-128", "S2-138")
async def test_contacts_accounts_addresses_employees_and_roles_can_be_added_and_taken_away(
    desk: Any,
) -> None:
    account = await desk.account(email1="info@acme.example")
    ann = await desk.contact(account, "ann@acme.example")
    mute = (await desk.post("/v1/contacts", account_id=account, name="Mute"))["id"]
    mia = await desk.employee("Mia", "mia@desk.example")
    ticket = await desk.ticket(account, recipients=[])
    path = f"/v1/tickets/{ticket['id']}/recipients"
    bodies: list[dict[str, Any]] = [
        {"contact_id": ann},
        {"account_id": account, "place": "cc"},
        {"email": "Guest@elsewhere.example", "name": "Guest", "place": "bcc"},
        {"email": "ann@acme.example", "place": "cc"},
        {"employee_id": mia},
        {"employee_id": mia},
        {"role": "account_manager"},
    ]
    for body in bodies:
        await desk.post(path, **body)
        if body is bodies[0]:
            assert await addresses(desk, ticket["id"]) == [("ann@acme.example", "to")]
    assert await addresses(desk, ticket["id"]) == [
        ("ann@acme.example", "cc"),
        ("info@acme.example", "cc"),
        ("guest@elsewhere.example", "bcc"),
    ]
    assert (await employees(desk, ticket["id"])).count("Mia") == 1
    lists = await desk.get(path)
    for entry in [*lists["external"], *lists["employees"]]:
        assert (await desk.http.delete(f"{path}/{entry['id']}")).status_code == 204
    assert await desk.get(path) == {"external": [], "employees": []}
    again = await desk.http.delete(f"{path}/{lists['external'][0]['id']}")
    assert (again.status_code, again.json()["code"]) == (404, "recipient_not_found")
    removed = (await desk.history(ticket["id"], kind="audit"))[-1]["data"]
    assert (removed["field"], removed["new"]) == ("recipients", [])
    assert len(removed["old"]) == 1
    missing = "01890000-0000-7000-8000-00000000000f"
    for body, code in (
        ({"contact_id": missing}, "contact_unknown"),
        ({"contact_id": mute}, "contact_without_address"),
        ({"account_id": missing}, "account_unknown"),
        ({"employee_id": missing}, "employee_unknown"),
        ({"email": "nobody"}, "validation_failed"),
        ({"email": "a@b.example", "role": "ticket_manager"}, "validation_failed"),
        ({}, "validation_failed"),
    ):
        answer = await desk.http.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.covers("S2-126", "S2-127")
async def test_the_menus_offer_the_accounts_people_the_employees_and_the_roles(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    account = await desk.account(email1="info@acme.example", manager_id=mia)
    await desk.contact(account, "ben@acme.example", name="Ben")
    await desk.contact(account, "ann@acme.example", name="Ann", is_main=True)
    ticket = await desk.ticket(account)
    menus = await desk.get(f"/v1/tickets/{ticket['id']}/recipients/candidates")
    assert [(e["kind"], e["email"], e["is_recipient"]) for e in menus["external"]] == [
        ("contact", "ann@acme.example", True),
        ("contact", "ben@acme.example", False),
        ("account", "info@acme.example", False),
    ]
    assert [(e["kind"], e["name"], e["email"]) for e in menus["employees"][:2]] == [
        ("role", "Ticket manager", "mia@desk.example"),
        ("role", "Account manager", "mia@desk.example"),
    ]
    assert ("employee", "Mia") in [(e["kind"], e["name"]) for e in menus["employees"]]


@pytest.mark.covers("S2-137")
async def test_employees_subscribe_and_unsubscribe_themselves_by_name_and_in_roles(
    desk: Any, runtime: Any, mail: Any
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    tom = await desk.employee("Tom", "tom@desk.example")
    account = await desk.account(email1="ann@acme.example", manager_id=mia)
    ticket = await desk.ticket(account)
    path = f"/v1/tickets/{ticket['id']}/subscription"
    for person, name in ((tom, "Tom"), (mia, "Mia")):
        caller = make_principal({"desk", "tickets.all"}, id=person, name=name)
        async with client(runtime, SERVICE, principal=caller) as http:
            for _ in range(2):
                assert (await http.post(path)).json() == {"subscribed": True}
            assert name in await employees(desk, ticket["id"])
            for _ in range(2):
                assert (await http.delete(path)).json() == {"subscribed": False}
            assert name not in await employees(desk, ticket["id"])
    history = [entry["text"] for entry in await desk.history(ticket["id"], kind="audit")]
    assert history[1:] == ["Tom subscribed.", "Tom unsubscribed.", "Mia unsubscribed."]
    number = ticket["number"]
    await desk.take(mail(subject=f"Re: [{number}]", subject_numbers=[number]))
    assert await desk.events(SendEmail) == []
    # The role is still there: whoever manages the ticket next gets its mail.
    await desk.patch(f"/v1/tickets/{ticket['id']}", manager_id=tom)
    await desk.take(mail(subject=f"Re: [{number}]", subject_numbers=[number]))
    (sent,) = await desk.events(SendEmail)
    assert [each.email for each in sent.data.to] == ["tom@desk.example"]
    async with client(runtime, SERVICE, principal=make_principal({"desk"}, id=mia)) as http:
        assert (await http.post(path)).status_code == 404
    program = make_principal({"desk", "tickets.all"}, kind="api_key")
    async with client(runtime, SERVICE, principal=program) as http:
        refused = await http.post(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "employees_only")


@pytest.mark.covers("S2-129", "S2-130", "S2-131")
async def test_another_contact_person_brings_their_address_unless_the_list_was_edited(
    desk: Any,
) -> None:
    account = await desk.account()
    ann = await desk.contact(account, "ann@acme.example", is_main=True)
    ben = await desk.contact(account, "ben@acme.example", name="Ben")
    ticket = await desk.ticket(account)
    path = f"/v1/tickets/{ticket['id']}"
    assert await addresses(desk, ticket["id"]) == [("ann@acme.example", "to")]
    await desk.patch(path, contact_id=ben)
    assert await addresses(desk, ticket["id"]) == [("ben@acme.example", "to")]
    entry = (await desk.history(ticket["id"]))[-1]["data"]
    assert (entry["old"], entry["new"]) == (["ann@acme.example"], ["ben@acme.example"])
    assert (await desk.reasons(ticket["id"]))[-1] == "recipients.contact"
    await desk.patch(path, contact_id=None)
    assert await addresses(desk, ticket["id"]) == [("ann@acme.example", "to")]
    await desk.post(f"{path}/recipients", email="guest@elsewhere.example")
    edited = await addresses(desk, ticket["id"])
    await desk.patch(path, contact_id=ben)
    assert await addresses(desk, ticket["id"]) == edited
    chosen = await desk.ticket(account, contact_id=ben, recipients=[])
    await desk.patch(f"/v1/tickets/{chosen['id']}", contact_id=ann)
    assert await addresses(desk, chosen["id"]) == []


@pytest.mark.covers("S2-132")
async def test_the_sender_of_a_mail_gives_way_to_another_contact_person(
    desk: Any, mail: Any
) -> None:
    account = await desk.account()
    await desk.contact(account, "ann@acme.example", email2="ann@home.example")
    ben = await desk.contact(account, "ben@acme.example", name="Ben")
    await desk.take(mail("ann@home.example"))
    ticket = await desk.only_ticket()
    assert await addresses(desk, ticket["id"]) == [("ann@home.example", "to")]
    await desk.patch(f"/v1/tickets/{ticket['id']}", contact_id=ben)
    assert await addresses(desk, ticket["id"]) == [("ben@acme.example", "to")]


@pytest.mark.covers("S2-107", "S2-124")
async def test_an_employee_who_writes_from_another_address_gets_no_copy_of_their_mail(
    desk: Any, mail: Any
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", email2="mia@home.example")
    account = await desk.account(email1="ann@acme.example", manager_id=mia)
    ticket = await desk.ticket(account)
    number = ticket["number"]
    fields = {"subject_numbers": [number], "addressed_as": "to"}
    await desk.take(mail("mia@home.example", f"Re: [{number}]", **fields))
    (sent,) = await desk.events(SendEmail)
    assert [each.email for each in sent.data.to] == ["ann@acme.example"]
    assert (sent.data.cc, sent.data.bcc) == ([], [])


@pytest.mark.covers("S2-117", "S2-124", "S2-138")
async def test_an_employee_who_is_named_as_a_customer_gets_one_copy_and_none_of_their_own_mail(
    desk: Any, mail: Any
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", email2="mia@home.example")
    account = await desk.account(email1="ann@acme.example", manager_id=mia)
    await desk.employee("Tom", "tom@desk.example", email2="team@desk.example")
    await desk.employee("Tim", "tim@desk.example", email2="team@desk.example")
    ticket = await desk.ticket(account)
    number = ticket["number"]
    path = f"/v1/tickets/{ticket['id']}/recipients"
    await desk.post(path, email="mia@home.example", place="cc")
    await desk.post(path, email="team@desk.example", place="cc")
    fields = {"subject_numbers": [number], "addressed_as": "to"}
    await desk.take(mail("tom@desk.example", f"Re: [{number}]", **fields))
    await desk.take(mail("mia@desk.example", f"Re: [{number}]", **fields))
    by_tom, by_mia = (event.data for event in await desk.events(SendEmail))
    assert [each.email for each in by_tom.to] == ["ann@acme.example"]
    assert [each.email for each in by_tom.cc] == ["mia@home.example", "team@desk.example"]
    assert by_tom.bcc == []
    # An address that two employees have names neither (S2-107).
    assert [each.email for each in by_mia.cc] == ["team@desk.example"]


@pytest.mark.covers("S2-138")
async def test_a_contact_is_in_the_list_once_whichever_of_their_addresses_is_named(
    desk: Any, mail: Any
) -> None:
    account = await desk.account()
    ann = await desk.contact(account, "ann@acme.example", email2="ann@home.example", name="Ann")
    ben = await desk.contact(account, "ben@acme.example", email2="team@acme.example", name="Ben")
    cat = await desk.contact(account, "cat@acme.example", email2="team@acme.example", name="Cat")
    await desk.take(mail("ann@home.example"))
    ticket = await desk.only_ticket()
    path = f"/v1/tickets/{ticket['id']}/recipients"
    first = (await desk.get(path))["external"][0]["id"]
    await desk.post(path, contact_id=ann, place="cc")
    assert await addresses(desk, ticket["id"]) == [("ann@home.example", "cc")]
    menus = await desk.get(f"{path}/candidates")
    assert [e["is_recipient"] for e in menus["external"] if e["id"] == ann] == [True]
    await desk.post(path, email="Ann@acme.example")
    assert await addresses(desk, ticket["id"]) == [("ann@acme.example", "to")]
    entry = (await desk.history(ticket["id"]))[-1]
    assert "cc: ann@home.example" in entry["data"]["old"]
    assert "to: ann@acme.example" in entry["data"]["new"]
    assert (await desk.get(path))["external"][0]["id"] == first
    # An address that two of them have is a mailbox of its own.
    for body in ({"contact_id": ben}, {"contact_id": cat}, {"email": "team@acme.example"}):
        await desk.post(path, **body)
    assert len(await addresses(desk, ticket["id"])) == 4
    body = {"external": [{"email": e} for e in ("ann@acme.example", "ann@home.example")]}
    await desk.http.put(path, json=body)
    assert await addresses(desk, ticket["id"]) == [("ann@acme.example", "to")]


@pytest.mark.covers("S2-128")
async def test_who_is_archived_is_not_added_any_more_but_stays_where_they_are(desk: Any) -> None:
    account, other = await desk.account(email1="info@acme.example"), await desk.account()
    ann = await desk.contact(account, "ann@acme.example")
    ben = await desk.contact(other, "ben@acme.example", is_main=True)
    ticket = await desk.ticket(account, recipients=[])
    path = f"/v1/tickets/{ticket['id']}/recipients"
    await desk.post(path, contact_id=ann)
    for record in (f"contacts/{ann}", f"contacts/{ben}", f"accounts/{other}"):
        await desk.post(f"/v1/{record}/archive")
    await desk.post(path, contact_id=ann, place="cc")
    written = [{"email": "ann@acme.example", "contact_id": ann, "place": "bcc"}]
    kept = await desk.http.put(path, json={"external": written})
    assert [each["contact_id"] for each in kept.json()["external"]] == [ann]
    newly = [*written, {"email": "ben@acme.example", "contact_id": ben}]
    for refused, code in (
        (await desk.http.post(path, json={"contact_id": ben}), "contact_archived"),
        (await desk.http.post(path, json={"account_id": other}), "account_archived"),
        (await desk.http.put(path, json={"external": newly}), "contact_archived"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert await addresses(desk, ticket["id"]) == [("ann@acme.example", "bcc")]


@pytest.mark.covers("S4-49")
async def test_our_own_incoming_address_is_no_recipient(desk: Any) -> None:
    ticket = await desk.ticket(await desk.account(), recipients=[])
    path = f"/v1/tickets/{ticket['id']}/recipients"
    await desk.patch("/v1/settings", support_address="help@desk.example")
    for address in ("help@desk.example", "HELP@desk.example", "help+abc@desk.example"):
        for refused in (
            await desk.http.post(path, json={"email": address}),
            await desk.http.put(path, json={"external": [{"email": address}]}),
        ):
            assert (refused.status_code, refused.json()["code"]) == (409, "support_address_taken")
    await desk.post(path, email="helper@desk.example")


@pytest.mark.covers("S2-117")
async def test_setting_the_lists_changes_a_name_as_well(desk: Any) -> None:
    ticket = await desk.ticket(await desk.account(), recipients=[])
    path = f"/v1/tickets/{ticket['id']}/recipients"
    for name in ("Ann", "Anna"):
        body = {"external": [{"email": "ann@acme.example", "name": name}]}
        lists = (await desk.http.put(path, json=body)).json()
        assert [each["name"] for each in lists["external"]] == [name]
    before = await desk.get(f"/v1/tickets/{ticket['id']}")
    assert (await desk.http.put(path, json=body)).status_code == 200
    assert (await desk.get(f"/v1/tickets/{ticket['id']}"))["version"] == before["version"]
