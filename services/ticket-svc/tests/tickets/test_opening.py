"""Tickets that people open over HTTP."""

from typing import Any

import pytest

from patchbay_contracts import TicketCreated
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE

MISSING = "01890000-0000-7000-8000-00000000000f"


@pytest.mark.covers("S2-49")
async def test_a_ticket_of_an_employee_is_not_put_into_the_inbox(desk: Any) -> None:
    ticket = await desk.ticket(subject="Printer", description="It does not print.")
    assert ticket["in_inbox"] is False
    assert ticket["channel"] == "employee"
    assert (ticket["status"], ticket["status_class"], ticket["version"]) == ("new", "open", 1)
    assert await desk.reasons(ticket["id"]) == [
        "ticket.opened_by_person",
        "account.given",
        "manager.default",
        "recipients.no_external",
    ]
    (created,) = await desk.events(TicketCreated)
    assert (created.subject, created.aggregateversion) == (ticket["id"], 1)


@pytest.mark.covers("S2-40", "S2-48")
async def test_a_ticket_of_a_program_is_put_into_the_inbox(desk: Any, runtime: Any) -> None:
    account = await desk.account()
    program = make_principal({"desk"}, kind="api_key", name="Monitoring")
    async with client(runtime, SERVICE, principal=program) as http:
        answer = await http.post("/v1/tickets", json={"account_id": account, "subject": "Hi"})
    assert (answer.json()["in_inbox"], answer.json()["channel"]) == (True, "api")
    assert "inbox.external_create" in await desk.reasons(answer.json()["id"])


async def test_numbers_are_unique_and_find_the_ticket(desk: Any) -> None:
    account = await desk.account()
    tickets = [await desk.ticket(account) for _ in range(3)]
    numbers = [ticket["number"] for ticket in tickets]
    assert numbers == sorted(set(numbers))
    for ticket in tickets:
        assert (await desk.get(f"/v1/tickets/{ticket['number']}"))["id"] == ticket["id"]
    (found,) = await desk.tickets(number=numbers[1])
    assert found["id"] == tickets[1]["id"]


@pytest.mark.covers("S1-57")
async def test_the_manager_is_the_one_named_else_the_accounts_else_the_default(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    tom = await desk.employee("Tom", "tom@desk.example")
    managed = await desk.account(manager_id=mia)
    assert (await desk.ticket(managed, manager_id=tom))["manager"]["id"] == tom
    assert (await desk.ticket(managed))["manager"]["id"] == mia
    default = (await desk.get("/v1/settings"))["default_manager_id"]
    assert (await desk.ticket())["manager"]["id"] == default
    await desk.patch("/v1/settings", default_manager_id=tom)
    assert (await desk.ticket())["manager"]["id"] == tom


@pytest.mark.covers("S2-129", "S2-130", "S2-131", "S2-133")
@pytest.mark.parametrize("kind", ["employee", "api_key"])
async def test_the_external_recipient_is_given_or_the_contact_or_the_main_contact(
    desk: Any, runtime: Any, make_desk: Any, kind: Any
) -> None:
    async with client(runtime, SERVICE, principal=make_principal(kind=kind)) as http:
        await _check_externals(make_desk(runtime, http))


async def _check_externals(desk: Any) -> None:
    account = await desk.account(email1="info@acme.example")
    assert await _externals(desk, account) == [("info@acme.example", "to")]
    await desk.contact(account, "Main@acme.example", is_main=True)
    ben = await desk.contact(account, "ben@acme.example")
    assert await _externals(desk, account) == [("main@acme.example", "to")]
    assert await _externals(desk, account, contact_id=ben) == [("ben@acme.example", "to")]
    given = [{"email": "Guest@elsewhere.example", "place": "cc"}]
    expected = [("guest@elsewhere.example", "cc")]
    assert await _externals(desk, account, contact_id=ben, recipients=given) == expected
    assert await _externals(desk, account, recipients=[]) == []


async def _externals(desk: Any, account: str, **fields: Any) -> list[tuple[str, str]]:
    recipients = (await desk.ticket(account, **fields))["recipients"]
    return [(e["email"], e["place"]) for e in recipients if e["list_name"] == "external"]


@pytest.mark.covers("S2-126", "S2-134", "S2-135", "S2-136", "S2-138")
async def test_employees_are_recipients_by_role_and_by_wish_once(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", receives_all_mail=True)
    account = await desk.account(manager_id=mia)
    ticket = await desk.ticket(account, manager_id=mia)
    shown = [r for r in ticket["recipients"] if r["list_name"] == "employee"]
    assert [(r["role"], r["name"]) for r in shown] == [
        ("ticket_manager", "Mia"),
        ("account_manager", "Mia"),
        (None, "Mia"),
    ]
    tom = await desk.employee("Tom", "tom@desk.example")
    ticket = await desk.patch(f"/v1/tickets/{ticket['id']}", manager_id=tom)
    names = [r["name"] for r in ticket["recipients"] if r["role"] == "ticket_manager"]
    assert names == ["Tom"]


async def test_what_a_new_ticket_names_must_be_there(desk: Any) -> None:
    account = await desk.account()
    for what in ("account", "asset", "contact", "manager"):
        body = {"account_id": account, "subject": "x", f"{what}_id": MISSING}
        answer = await desk.http.post("/v1/tickets", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, f"{what}_unknown")
        assert answer.json()["field"] == f"/{what}_id"
    assert await desk.tickets() == []


async def test_asset_and_contact_must_be_of_the_tickets_account(desk: Any) -> None:
    acme, bolt = await desk.account("ACME"), await desk.account("Bolt")
    asset = (await desk.post("/v1/assets", account_id=bolt, name="SRV-01"))["id"]
    contact = await desk.contact(bolt, "bob@bolt.example")
    for field, value in (("asset_id", asset), ("contact_id", contact)):
        body = {"account_id": acme, "subject": "x", field: value}
        answer = await desk.http.post("/v1/tickets", json=body)
        assert answer.status_code == 422
        assert answer.json()["code"] == f"{field.removesuffix('_id')}_of_other_account"
    assert await desk.tickets() == []


async def test_the_same_idempotency_key_opens_one_ticket(desk: Any) -> None:
    body = {"account_id": await desk.account(), "subject": "Printer"}
    headers = {"Idempotency-Key": "one"}
    first = await desk.http.post("/v1/tickets", json=body, headers=headers)
    again = await desk.http.post("/v1/tickets", json=body, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["ETag"] == '"1"'
    assert len(await desk.tickets()) == 1
    other = await desk.http.post("/v1/tickets", json={**body, "subject": "y"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_unknown_field_is_refused(desk: Any) -> None:
    body = {"account_id": await desk.account(), "subject": "x", "state": "new"}
    answer = await desk.http.post("/v1/tickets", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "/state")


async def test_any_text_is_kept_as_it_is_but_for_nul(desk: Any) -> None:
    account = await desk.account()
    for text in ("x\x00y", "İ😀" * 100, "<script>", "a" * 500):
        ticket = await desk.ticket(account, subject=text, description=text)
        kept = (await desk.get(f"/v1/tickets/{ticket['id']}"))["description"]
        assert kept == ticket["subject"] == text.replace("\x00", "")
