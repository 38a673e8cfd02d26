"""What a remote ticket becomes (S1-53 .. S1-61, S1-109 .. S1-117)."""

from typing import Any

import pytest

from patchbay_contracts import AccountCreated, DeviceRef, RemoteOrigin, TicketCreated

DEVICE = DeviceRef(
    remote_device_id="D1",
    name="SRV-01",
    serial_number="SN-7",
    manufacturer="Contoso",
    attributes={"OS": "Debian 12"},
)


@pytest.mark.covers("S1-01", "S1-55")
@pytest.mark.parametrize("origin", list(RemoteOrigin))
async def test_every_origin_makes_a_ticket_that_remembers_it(
    desk: Any, rmm: Any, origin: RemoteOrigin
) -> None:
    await desk.take(rmm.received(origin=origin))
    ticket = await desk.only_ticket()
    assert ticket["channel"] == "rmm"
    assert ticket["remote"]["origin"] == origin
    assert ticket["remote"]["number"] == "T1"


@pytest.mark.covers("S1-53", "S1-56", "S1-60")
async def test_the_ticket_has_the_remote_description_and_is_in_the_inbox(
    desk: Any, rmm: Any
) -> None:
    event = rmm.received(summary="Disk full", description="C: has 1 % left.")
    await desk.take(event)
    ticket = await desk.only_ticket()
    assert (ticket["subject"], ticket["description"]) == ("Disk full", "C: has 1 % left.")
    assert ticket["status"] == "new"
    assert [each["id"] for each in await desk.tickets(view="inbox")] == [ticket["id"]]
    (created,) = await desk.events(TicketCreated)
    assert created.correlationid == event.correlationid
    assert created.data.in_inbox


@pytest.mark.covers("S1-58")
async def test_a_history_note_has_the_remote_creation_time_beside_ours(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    (note,) = await desk.history(ticket["id"], kind="remote_created")
    assert "2026-11-20 08:00:00 UTC" in note["text"]
    assert note["occurred_at"] == "2026-11-20T08:00:00Z"
    assert note["recorded_at"] > note["occurred_at"]


@pytest.mark.covers("S1-61")
async def test_the_same_remote_ticket_makes_one_ticket_however_often_it_comes(
    desk: Any, rmm: Any
) -> None:
    first = rmm.received()
    await desk.take(first, first, rmm.received())
    await desk.take(first)
    await desk.take(rmm.received(), rmm.received())
    assert len(await desk.tickets()) == 1
    assert len(await desk.events(TicketCreated)) == 1


async def test_equal_remote_ids_of_two_connections_make_two_tickets(desk: Any, rmm: Any) -> None:
    other = type(rmm)()
    await desk.take(rmm.received("1"), other.received("1"))
    assert len(await desk.tickets()) == 2


@pytest.mark.covers("S1-39")
async def test_a_linked_site_brings_its_account(desk: Any, rmm: Any) -> None:
    acme = await desk.account("ACME")
    await desk.take(rmm.site_linked(acme))
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    assert ticket["account"]["id"] == acme
    assert "account.by_site_link" in await desk.reasons(ticket["id"])


@pytest.mark.covers("S1-109", "S1-110")
async def test_an_unknown_site_gets_a_temporary_account(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received(site="S9", site_name="ACME company"))
    ticket = await desk.only_ticket()
    account = await desk.get(f"/v1/accounts/{ticket['account']['id']}")
    assert account["name"] == "[Continuum AUTO CREATED] + ACME company"
    assert account["auto_created"] is True
    created = [e.data for e in await desk.events(AccountCreated) if e.data.auto_created]
    assert [data.origin.remote_site_id for data in created] == ["S9"]


@pytest.mark.covers("S1-110")
async def test_the_name_of_a_temporary_account_is_the_connections_own(desk: Any, rmm: Any) -> None:
    await desk.patch(
        "/v1/settings", temporary_account_names={rmm.connection: "NEW {site} {0} ({site})"}
    )
    await desk.take(rmm.received(site="S9", site_name="ACME {x}"))
    account = (await desk.only_ticket())["account"]
    assert account["name"] == "NEW ACME {x} {0} (ACME {x})"
    created = [e.data for e in await desk.events(AccountCreated) if e.data.auto_created]
    assert [data.name for data in created] == [account["name"]]
    await desk.patch("/v1/settings", temporary_account_names={})
    await desk.take(rmm.received("2", site="S10", site_name="Bolt"))
    names = [ticket["account"]["name"] for ticket in await desk.tickets()]
    assert names[1] == "[Continuum AUTO CREATED] + Bolt"
    nameless = {"temporary_account_names": {rmm.connection: "NEW"}}
    refused = await desk.http.patch("/v1/settings", json=nameless)
    assert refused.json()["code"] == "validation_failed"


@pytest.mark.covers("S1-112")
async def test_later_tickets_of_the_site_go_to_its_temporary_account_until_it_is_linked(
    desk: Any, rmm: Any
) -> None:
    await desk.take(rmm.received("1"), rmm.received("2"))
    await desk.take(rmm.received("3"))
    acme = await desk.account("ACME")
    await desk.take(rmm.site_linked(acme))
    await desk.take(rmm.received("4"))
    accounts = [ticket["account"]["id"] for ticket in await desk.tickets()]
    assert len(set(accounts[:3])) == 1
    assert accounts[3] == acme


@pytest.mark.covers("S1-111")
async def test_two_sites_with_one_name_get_an_account_each(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received("1", site="S1"), rmm.received("2", site="S2"))
    accounts = [ticket["account"] for ticket in await desk.tickets()]
    assert accounts[0]["name"] == accounts[1]["name"]
    assert accounts[0]["id"] != accounts[1]["id"]


async def test_unlinking_a_site_sends_later_tickets_to_the_temporary_account(
    desk: Any, rmm: Any
) -> None:
    acme = await desk.account("ACME")
    await desk.take(rmm.site_linked(acme, version=1), rmm.site_unlinked(acme, version=2))
    await desk.take(rmm.received())
    assert (await desk.only_ticket())["account"]["id"] != acme


@pytest.mark.covers("S1-117")
async def test_a_ticket_without_a_site_belongs_to_our_own_company(desk: Any, rmm: Any) -> None:
    settings = await desk.get("/v1/settings")
    await desk.take(rmm.received(site=None))
    ticket = await desk.only_ticket()
    assert ticket["account"]["id"] == settings["own_account_id"]
    assert "account.own_company" in await desk.reasons(ticket["id"])


@pytest.mark.covers("S1-117")
async def test_our_own_company_can_be_another_account(desk: Any, rmm: Any) -> None:
    other = await desk.account("We, Inc.")
    await desk.patch("/v1/settings", own_account_id=other)
    await desk.take(rmm.received(site=None))
    assert (await desk.only_ticket())["account"]["id"] == other


@pytest.mark.covers("S1-57")
async def test_the_accounts_manager_manages_its_tickets_else_the_default_manager(
    desk: Any, rmm: Any
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    acme = await desk.account("ACME", manager_id=mia)
    bolt = await desk.account("Bolt")
    await desk.take(rmm.site_linked(acme, "S1"), rmm.site_linked(bolt, "S2"))
    await desk.take(rmm.received("1", site="S1"))
    await desk.take(rmm.received("2", site="S2"))
    managed, unmanaged = await desk.tickets()
    assert managed["manager"]["id"] == mia
    settings = await desk.get("/v1/settings")
    assert unmanaged["manager"]["id"] == settings["default_manager_id"]
    assert "manager.default" in await desk.reasons(unmanaged["id"])


@pytest.mark.covers("S1-57")
async def test_an_account_manager_who_has_left_manages_nothing(desk: Any, rmm: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    acme = await desk.account("ACME", manager_id=mia)
    await desk.patch(f"/v1/employees/{mia}", active=False)
    await desk.take(rmm.site_linked(acme))
    await desk.take(rmm.received())
    ticket = await desk.only_ticket()
    assert ticket["manager"]["id"] == (await desk.get("/v1/settings"))["default_manager_id"]


@pytest.mark.covers("S1-59")
async def test_a_linked_device_brings_its_asset(desk: Any, rmm: Any) -> None:
    acme = await desk.account("ACME")
    asset = (await desk.post("/v1/assets", account_id=acme, name="SRV-01"))["id"]
    await desk.take(rmm.site_linked(acme), rmm.device_linked(asset))
    await desk.take(rmm.received(device=DEVICE))
    ticket = await desk.only_ticket()
    assert ticket["asset"] == {"id": asset, "name": "SRV-01"}
    assert "Device details" not in ticket["description"]


@pytest.mark.covers("S1-59", "S1-109", "S1-116")
async def test_an_unknown_devices_details_stay_with_the_ticket(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received(device=DEVICE))
    ticket = await desk.only_ticket()
    assert ticket["asset"] is None
    before, block = ticket["description"].split("--- Device details from the RMM ---\n")
    assert before == "C: has 1 % left.\n\n"
    assert "Serial number: SN-7" in block
    assert "OS: Debian 12" in block
    (note,) = await desk.history(ticket["id"], kind="device_details")
    assert note["data"]["serial_number"] == "SN-7"
    assert "asset.device_unknown" in await desk.reasons(ticket["id"])


async def test_a_device_linked_to_another_accounts_asset_is_not_used(desk: Any, rmm: Any) -> None:
    acme, bolt = await desk.account("ACME"), await desk.account("Bolt")
    asset = (await desk.post("/v1/assets", account_id=bolt, name="SRV-01"))["id"]
    await desk.take(rmm.site_linked(acme), rmm.device_linked(asset))
    await desk.take(rmm.received(device=DEVICE))
    ticket = await desk.only_ticket()
    assert ticket["asset"] is None
    assert "asset.other_account" in await desk.reasons(ticket["id"])


@pytest.mark.covers("S1-54")
async def test_a_ticket_that_says_next_to_nothing_becomes_one_all_the_same(
    desk: Any, rmm: Any
) -> None:
    await desk.take(rmm.received(site=None, summary="", description="", device=DeviceRef()))
    ticket = await desk.only_ticket()
    assert ticket["subject"] == "(no summary)"


@pytest.mark.covers("S1-54")
async def test_a_link_to_an_account_that_is_not_here_counts_as_none(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.site_linked("01890000-0000-7000-8000-00000000000a"))
    await desk.take(rmm.received())
    assert "account.auto_created" in await desk.reasons((await desk.only_ticket())["id"])


@pytest.mark.covers("S2-125", "S2-129", "S2-134", "S2-135", "S2-136", "S2-138")
async def test_tickets_from_the_rmm_get_the_default_recipients(desk: Any, rmm: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", receives_all_mail=True)
    acme = await desk.account("ACME", manager_id=mia)
    await desk.contact(acme, "Ann@Acme.example", is_main=True)
    await desk.take(rmm.site_linked(acme))
    await desk.take(rmm.received())
    recipients = (await desk.only_ticket())["recipients"]
    external = [each["email"] for each in recipients if each["list_name"] == "external"]
    employees = [
        (each["role"], each["employee_id"])
        for each in recipients
        if each["list_name"] == "employee"
    ]
    assert external == ["ann@acme.example"]
    assert employees == [("ticket_manager", None), ("account_manager", None), (None, mia)]


async def test_a_hundred_tickets_of_one_batch_are_a_hundred_tickets(desk: Any, rmm: Any) -> None:
    events = [rmm.received(str(n), site=f"S{n % 7}", site_name=f"Site {n % 7}") for n in range(100)]
    await desk.take(*events)
    tickets = (await desk.get("/v1/tickets", limit=200))["items"]
    assert len({ticket["number"] for ticket in tickets}) == 100
    assert len({ticket["account"]["id"] for ticket in tickets}) == 7
