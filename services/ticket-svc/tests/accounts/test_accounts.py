"""Accounts, their domains and contacts over HTTP."""

from typing import Any

import pytest

from patchbay_contracts import AccountCreated, AccountRenamed, AssetCreated
from ticket_svc.accounts.rules import is_free_mail, normal_domain

MISSING = "01890000-0000-7000-8000-00000000000f"


async def test_a_new_account_is_announced_and_found_again(desk: Any) -> None:
    account = await desk.post("/v1/accounts", name="ACME", email1="Info@Acme.example")
    assert (account["email1"], account["auto_created"]) == ("info@acme.example", False)
    assert await desk.get(f"/v1/accounts/{account['id']}") == account
    for q in ("cme", "ACME", "info@"):
        items = (await desk.get("/v1/accounts", q=q))["items"]
        assert [each["id"] for each in items] == [account["id"]]
    created = (await desk.events(AccountCreated))[-1]
    assert (created.subject, created.aggregateversion) == (account["id"], 1)


@pytest.mark.covers("S1-114")
async def test_renaming_makes_a_temporary_account_a_real_one(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received())
    (temporary,) = (await desk.get("/v1/accounts", auto_created=True))["items"]
    renamed = await desk.patch(f"/v1/accounts/{temporary['id']}", name="ACME")
    assert (renamed["name"], renamed["auto_created"], renamed["version"]) == ("ACME", False, 3)
    (event,) = await desk.events(AccountRenamed)
    assert (event.data.name, event.data.auto_created, event.aggregateversion) == ("ACME", False, 3)
    await desk.take(rmm.received("2"))
    assert {t["account"]["id"] for t in await desk.tickets()} == {temporary["id"]}


async def test_a_change_without_a_new_name_announces_nothing(desk: Any) -> None:
    account = await desk.account()
    await desk.patch(f"/v1/accounts/{account}", email1="a@acme.example", name="ACME")
    assert await desk.events(AccountRenamed) == []


@pytest.mark.covers("S4-18", "S4-19")
async def test_a_domain_belongs_to_one_account_and_public_providers_to_none(desk: Any) -> None:
    acme, bolt = await desk.account("ACME"), await desk.account("Bolt")
    path = "/v1/accounts/{}/domains/{}"
    first = await desk.http.put(path.format(acme, "ACME.example"))
    assert (first.status_code, first.json()["domain"]) == (201, "acme.example")
    assert (await desk.http.put(path.format(acme, "acme.example"))).status_code == 200
    taken = await desk.http.put(path.format(bolt, "acme.example"))
    assert (taken.status_code, taken.json()["code"]) == (409, "domain_taken")
    assert (taken.json()["account_id"], taken.json()["account_name"]) == (acme, "ACME")
    free = await desk.http.put(path.format(bolt, "GMail.com"))
    assert (free.status_code, free.json()["code"]) == (422, "domain_free_mail")
    bad = await desk.http.put(path.format(bolt, "not a domain"))
    assert (bad.status_code, bad.json()["code"]) == (422, "domain_invalid")
    assert (await desk.get(f"/v1/accounts/{acme}"))["domains"] == ["acme.example"]
    assert (await desk.http.delete(path.format(bolt, "acme.example"))).status_code == 404
    assert (await desk.http.delete(path.format(acme, "acme.example"))).status_code == 204
    assert (await desk.http.put(path.format(bolt, "acme.example"))).status_code == 201


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        (" Acme.Example. ", "acme.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("localhost", None),
        ("a@b.example", None),
        ("-a.example", None),
        ("a..example", None),
        ("x" * 64 + ".example", None),
        ("", None),
    ],
)
def test_domains_have_one_form(text: str, domain: str | None) -> None:
    assert normal_domain(text) == domain


def test_the_great_public_providers_are_known() -> None:
    providers = ("gmail.com", "outlook.com", "yahoo.com", "gmx.de", "icloud.com", "proton.me")
    assert all(is_free_mail(provider) for provider in providers)


async def test_an_account_has_one_main_contact_at_most(desk: Any) -> None:
    account = await desk.account()
    ann = await desk.contact(account, "Ann@acme.example", is_main=True)
    ben = await desk.contact(account, "ben@acme.example", is_main=True)
    assert await _mains(desk, account) == [ben]
    await desk.patch(f"/v1/contacts/{ann}", is_main=True)
    assert await _mains(desk, account) == [ann]
    other = await desk.contact(await desk.account("Bolt"), "cat@bolt.example", is_main=True)
    assert (await desk.get(f"/v1/contacts/{other}"))["is_main"] is True
    assert await _mains(desk, account) == [ann]
    await desk.patch(f"/v1/contacts/{ann}", is_main=False)
    assert await _mains(desk, account) == []


async def _mains(desk: Any, account: str) -> list[str]:
    contacts = (await desk.get("/v1/contacts", account_id=account))["items"]
    return [contact["id"] for contact in contacts if contact["is_main"]]


@pytest.mark.covers("S4-49")
async def test_nobody_gets_the_support_address(desk: Any) -> None:
    await desk.patch("/v1/settings", support_address="Support@desk.example")
    account = await desk.account()
    taken = {"name": "x", "email2": "SUPPORT@desk.example"}
    contact = await desk.contact(account, "ann@acme.example")
    employee = await desk.employee("Mia", "mia@desk.example")
    for method, path, body in (
        ("POST", "/v1/accounts", taken),
        ("POST", "/v1/employees", taken),
        ("POST", "/v1/contacts", {**taken, "account_id": account}),
        ("PATCH", f"/v1/accounts/{account}", taken),
        ("PATCH", f"/v1/contacts/{contact}", taken),
        ("PATCH", f"/v1/employees/{employee}", taken),
    ):
        answer = await desk.http.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "support_address_taken"), path
        assert answer.json()["field"] == "/email2"


async def test_an_asset_is_announced_and_stays_with_its_account(desk: Any) -> None:
    account = await desk.account()
    asset = await desk.post(
        "/v1/assets", account_id=account, name="SRV-01", serial_number="SN-7", attributes={"a": "b"}
    )
    (created,) = await desk.events(AssetCreated)
    assert (created.data.asset_id, created.data.serial_number) == (asset["id"], "SN-7")
    changed = await desk.patch(f"/v1/assets/{asset['id']}", note="In the cellar.")
    assert (changed["note"], changed["version"]) == ("In the cellar.", 2)
    for params in ({"q": "sn-7"}, {"account_id": account}):
        items = (await desk.get("/v1/assets", **params))["items"]
        assert [each["id"] for each in items] == [asset["id"]]
    moved = await desk.http.patch(f"/v1/assets/{asset['id']}", json={"account_id": account})
    assert moved.status_code == 422
    lost = await desk.http.post("/v1/assets", json={"account_id": MISSING, "name": "x"})
    assert (lost.status_code, lost.json()["code"]) == (422, "account_unknown")


async def test_stale_changes_and_missing_records_are_refused_everywhere(desk: Any) -> None:
    account = await desk.account()
    contact = await desk.contact(account, "ann@acme.example")
    asset = (await desk.post("/v1/assets", account_id=account, name="SRV-01"))["id"]
    employee = await desk.employee("Mia", "mia@desk.example")
    records = {"accounts": account, "contacts": contact, "assets": asset, "employees": employee}
    for kind, record in records.items():
        path = f"/v1/{kind}/{record}"
        read = await desk.http.get(path)
        assert read.headers["ETag"] == '"1"'
        stale = await desk.http.patch(path, json={"name": "x"}, headers={"If-Match": '"7"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
        for missing in ("x", MISSING):
            for method in ("GET", "PATCH"):
                answer = await desk.http.request(method, f"/v1/{kind}/{missing}", json={})
                assert answer.status_code == 404
                assert answer.json()["code"] == f"{kind.removesuffix('s')}_not_found"
        null = await desk.http.patch(path, json={"name": None})
        assert null.status_code == 422
