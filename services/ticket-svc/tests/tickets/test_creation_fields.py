"""What a new ticket is given, and what it gets otherwise, through every channel."""

from typing import Any

import pytest

from patchbay_contracts import TicketCreated, TicketUpdated
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE


@pytest.mark.covers("S2-07", "S2-08", "S2-09", "S2-10", "X-18")
async def test_every_field_can_be_given_at_creation(desk: Any) -> None:
    await desk.post("/v1/custom-fields", record="ticket", key="floor", label="Floor", kind="text")
    account = await desk.account()
    asset = (await desk.post("/v1/assets", account_id=account, name="SRV-01"))["id"]
    given = {
        "type": "incident",
        "priority": "critical",
        "status": "waiting",
        "due_at": "2026-12-01T10:00:00Z",
        "awaits_dispatch": True,
        "custom_fields": {"floor": "3"},
    }
    ticket = await desk.ticket(account, asset_id=asset, **given)
    assert {name: ticket[name] for name in given} == given
    assert (ticket["asset"]["id"], ticket["status_class"]) == (asset, "open")
    closed = await desk.ticket(account, status="completed")
    assert (closed["status_class"], closed["time_to_resolution"]) == ("closed", 0)
    assert closed["closed_at"] == closed["created_at"]
    assert await desk.events(TicketUpdated) == []


@pytest.mark.covers("S1-62")
async def test_a_ticket_that_cannot_be_made_is_told_to_nobody(desk: Any) -> None:
    """What is transferred is told by TicketCreated, so it is ours first or not at all."""
    account, archived = await desk.account(), await desk.account("Gone")
    await desk.post(f"/v1/accounts/{archived}/archive")
    for body, code in (
        ({"account_id": archived}, "account_archived"),
        ({"account_id": account, "type": "wish"}, "type_unknown"),
        ({"account_id": account, "custom_fields": {"x": "y"}}, "custom_field_unknown"),
        ({"account_id": account, "contract_id": account}, "contract_unknown"),
        ({"account_id": account, "status": "solved"}, "validation_failed"),
        ({"account_id": account, "due_at": "1969-01-01T00:00:00Z"}, "validation_failed"),
    ):
        answer = await desk.http.post("/v1/tickets", json={"subject": "x", **body})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await desk.events(TicketCreated) == []
    assert await desk.tickets() == []


@pytest.mark.covers("S2-10", "X-18", "X-21")
async def test_default_contract_and_dispatch_flag_come_with_tickets_of_every_channel(
    desk: Any, rmm: Any, mail: Any, runtime: Any
) -> None:
    account = await desk.account(email1="ann@acme.example")
    kind = {"account_id": account, "kind": "time_and_materials"}
    contract = await desk.post("/v1/contracts", name="Support", is_default=True, **kind)
    other = await desk.post("/v1/contracts", name="Project", **kind)
    await desk.patch("/v1/settings", dispatch_new_tickets=True)
    await desk.take(rmm.site_linked(account))
    await desk.take(rmm.received())
    await desk.take(mail("ann@acme.example"))
    await desk.ticket(account)
    program = make_principal({"desk"}, kind="api_key", name="Monitoring")
    async with client(runtime, SERVICE, principal=program) as http:
        await http.post("/v1/tickets", json={"account_id": account, "subject": "x"})
    tickets = await desk.tickets()
    assert [ticket["channel"] for ticket in tickets] == ["rmm", "email", "employee", "api"]
    for ticket in tickets:
        assert (ticket["contract"]["id"], ticket["awaits_dispatch"]) == (contract["id"], True)
        assert "contract.default" in await desk.reasons(ticket["id"])
    said = await desk.ticket(account, contract_id=other["id"], awaits_dispatch=False)
    assert (said["contract"]["name"], said["awaits_dispatch"]) == ("Project", False)
    assert "contract.given" in await desk.reasons(said["id"])
    await desk.patch("/v1/settings", dispatch_new_tickets=False)
    await desk.post(f"/v1/contracts/{contract['id']}/close")
    await desk.take(rmm.received("2"))
    later = (await desk.tickets())[-1]
    assert (later["contract"], later["awaits_dispatch"]) == (None, False)


@pytest.mark.covers("S2-21", "S2-34", "S2-39", "S2-40", "S2-44", "S2-56")
async def test_what_comes_from_outside_starts_unread_in_the_inbox_and_nothing_else_does(
    desk: Any, rmm: Any, mail: Any, runtime: Any
) -> None:
    account = await desk.account(email1="ann@acme.example")
    await desk.employee("Mia", "mia@desk.example")
    await desk.take(rmm.received())
    await desk.take(mail("ann@acme.example"))
    for kind in ("api_key", "contact"):
        caller = make_principal({"desk"}, kind=kind, account_id=account)
        async with client(runtime, SERVICE, principal=caller) as http:
            await http.post("/v1/tickets", json={"account_id": account, "subject": "x"})
    for ticket in await desk.tickets():
        assert (ticket["in_inbox"], ticket["envelope"]) == (True, "closed"), ticket["channel"]
        assert ticket["external_update_at"] == ticket["created_at"]
    ours = await desk.ticket(account)
    assert (ours["in_inbox"], ours["envelope"]) == (False, "none")
    inbox = [ticket["channel"] for ticket in await desk.tickets(view="inbox")]
    assert inbox == ["rmm", "email", "api", "web"]


@pytest.mark.covers("S2-138")
async def test_customers_of_a_new_ticket_are_checked_and_each_is_there_once(desk: Any) -> None:
    account = await desk.account()
    ann = await desk.contact(account, "ann@acme.example", email2="ann@home.example")
    gone = await desk.contact(account, "gone@acme.example", name="Gone")
    await desk.post(f"/v1/contacts/{gone}/archive")
    await desk.patch("/v1/settings", support_address="help@desk.example")

    async def opened(*recipients: dict[str, Any]) -> Any:
        body = {"account_id": account, "subject": "x", "recipients": recipients}
        return (await desk.http.post("/v1/tickets", json=body)).json()

    listed = await opened(
        {"email": "ann@home.example", "contact_id": ann},
        {"email": "ANN@acme.example", "place": "cc"},
        {"email": "bob@else.example"},
    )
    external = [each for each in listed["recipients"] if each["list_name"] == "external"]
    assert [each["email"] for each in external] == ["ann@home.example", "bob@else.example"]
    for recipient, code in (
        ({"email": "gone@acme.example", "contact_id": gone}, "contact_archived"),
        ({"email": "help+1@desk.example"}, "support_address_taken"),
    ):
        refused = await opened(recipient)
        assert (refused["code"], refused["field"]) == (code, "/recipients")
