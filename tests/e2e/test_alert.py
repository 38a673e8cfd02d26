"""The path of an alert: raised remotely, a ticket in the Inbox, a mail to its manager."""

from typing import Any

import pytest

from patchbay_kit.testing.system.base import ADMIN_EMAIL, System
from patchbay_kit.testing.system.mail import codes, original, until, went_out
from patchbay_kit.testing.system.simulator import Simulator, connect, ticket_of


@pytest.mark.covers("S1-53", "S1-56", "S1-57", "S1-58", "S1-59", "S1-110")
def test_an_alert_of_an_unknown_site_is_a_ticket_that_explains_itself(
    system: System, remote: Any
) -> None:
    simulator: Simulator = remote.simulator
    raised = simulator.raise_ticket(
        "Disk full",
        description="C: has 1 % left",
        siteId="S-1",
        siteName="Northwind",
        deviceId="D-1",
        deviceName="SRV-1",
        device={"name": "SRV-1", "serial": "SN-1", "os": "Windows"},
    )

    ticket = ticket_of(system, remote.connection_id, raised)

    assert ticket["subject"] == "Disk full"
    assert ticket["account"]["name"] == "[Continuum AUTO CREATED] + Northwind"
    assert ticket["in_inbox"]
    assert ticket["manager"]["email"] == ADMIN_EMAIL
    inbox = system.api.items("/v1/tickets", view="inbox")
    assert ticket["id"] in [each["id"] for each in inbox]
    full = system.api.get(f"/v1/tickets/{ticket['id']}")
    assert "SN-1" in full["description"]
    history = system.api.items(f"/v1/tickets/{ticket['id']}/history")
    assert [each["kind"] for each in history].count("remote_created") == 1
    explained = system.api.get(f"/v1/tickets/{ticket['number']}/explain")["decisions"]
    assert {
        "remote.published",
        "account.auto_created",
        "asset.device_unknown",
        "manager.default",
        "inbox.external_create",
    } <= set(codes(explained[0]))
    assert all(reason["meaning"] for reason in explained[0]["reasons"])


@pytest.mark.covers("X-07", "X-08")
def test_the_manager_gets_one_alert_mail(system: System, remote: Any) -> None:
    raised = remote.simulator.raise_ticket("Backup failed", siteId="S-2", siteName="Contoso")
    ticket = ticket_of(system, remote.connection_id, raised)

    (sent,) = went_out(system, ticket["id"], "alert")

    mail = original(system, sent["id"])
    assert ADMIN_EMAIL in str(mail["To"])
    assert ticket["number"] in str(mail["Subject"])
    system.wait_until_quiet()
    assert len(went_out(system, ticket["id"], "alert")) == 1
    (alert,) = system.api.items("/v1/alerts", ticket_id=ticket["id"])
    assert alert["state"] in ("sent", "caught")


@pytest.mark.covers("S1-60", "S1-87")
def test_an_alert_of_a_linked_site_goes_to_its_account_and_asset(
    system: System, remote: Any
) -> None:
    simulator: Simulator = remote.simulator
    simulator.add_site("S-3", "Fabrikam", {"id": "D-3", "name": "PC-3"})
    account = system.api.post("/v1/accounts", {"name": "Fabrikam Ltd"})
    asset = system.api.post("/v1/assets", {"account_id": account["id"], "name": "PC three"})
    here = {"connection_id": remote.connection_id}
    link = {**here, "remote_site_id": "S-3", "account_id": account["id"]}
    until(lambda: system.api.post("/v1/links/sites", link), "the site in the catalogue")
    link = {**here, "remote_device_id": "D-3", "asset_id": asset["id"]}
    until(lambda: system.api.post("/v1/links/devices", link), "the asset known to link-svc")
    system.wait_until_quiet()

    raised = simulator.raise_ticket("CPU hot", siteId="S-3", siteName="Fabrikam", deviceId="D-3")
    ticket = ticket_of(system, remote.connection_id, raised)

    assert ticket["account"]["id"] == account["id"]
    assert ticket["asset"]["id"] == asset["id"]
    explained = system.api.get(f"/v1/tickets/{ticket['id']}/explain")["decisions"]
    assert {"account.by_site_link", "asset.by_device_link"} <= set(codes(explained[0]))


@pytest.mark.covers("S1-117")
def test_an_alert_without_a_site_belongs_to_our_own_company(system: System, remote: Any) -> None:
    raised = remote.simulator.raise_ticket("Portal notice")

    ticket = ticket_of(system, remote.connection_id, raised)

    assert ticket["account"]["name"] == "Own company"


@pytest.mark.covers("S1-61")
def test_two_sites_of_one_name_are_two_accounts(system: System, remote: Any) -> None:
    ids = [
        remote.simulator.raise_ticket("Alert", siteId=site, siteName="Twin Site")
        for site in ("S-4", "S-5", "S-4")
    ]

    accounts = [ticket_of(system, remote.connection_id, each)["account"]["id"] for each in ids]

    assert accounts[0] == accounts[2] != accounts[1]


@pytest.mark.covers("S1-23", "S1-24", "S1-43", "S1-48")
def test_a_new_connection_syncs_its_inventory_and_holds_tickets_until_it_is_enabled(
    system: System, simulator: Simulator
) -> None:
    simulator.add_site("H-1", "Held Site", {"id": "HD-1", "name": "PC-H"})
    raised = simulator.raise_ticket("While off", siteId="H-1", siteName="Held Site")
    connection_id = connect(system, simulator, "held", enabled=False)
    here = f"/v1/connections/{connection_id}"

    until(
        lambda: system.api.items("/v1/catalogue/sites", connection_id=connection_id),
        "the inventory while disabled",
    )
    until(lambda: system.api.get(here)["held_count"] == 1, "one held ticket")
    assert not system.api.items("/v1/tickets", connection_id=connection_id)
    refused = system.api.request("POST", f"{here}/enable", json={"confirm": False})
    assert refused.status_code == 409
    assert system.api.get(f"{here}/enable-preview")["would_import"] == 1

    system.api.post(f"{here}/enable", {"confirm": True})

    ticket = ticket_of(system, connection_id, raised)
    explained = system.api.get(f"/v1/tickets/{ticket['id']}/explain")["decisions"]
    assert {"remote.held_disabled", "remote.imported_on_enable"} <= set(codes(explained[0]))
    until(lambda: system.api.get(here)["held_count"] == 0, "nothing held any more")
    system.api.delete(here)
