"""Accounts in full: what is shown with them, filters, archiving, and who hears of changes."""

from typing import Any

import pytest

from patchbay_contracts import AccountRenamed, AccountUpdated

MISSING = "01890000-0000-7000-8000-00000000000f"


async def _ids(desk: Any, **params: Any) -> list[str]:
    return [each["id"] for each in (await desk.get("/v1/accounts", **params))["items"]]


async def test_an_account_is_shown_with_its_people_and_its_main_location(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    account = await desk.account(
        manager_id=mia, phone="+1 555 0100", fax="+1 555 0101", website="acme.example", note="VIP"
    )
    ann = await desk.contact(account, "ann@acme.example", title="Owner", phone="1")
    ben = await desk.contact(account, "ben@acme.example", is_main=True)
    cat = await desk.contact(account, "cat@acme.example")
    await desk.post(f"/v1/contacts/{cat}/archive")
    place = await desk.post("/v1/locations", account_id=account, name="Office", city="Bonn")
    await desk.http.put(f"/v1/accounts/{account}/domains/acme.example")
    shown = await desk.get(f"/v1/accounts/{account}")
    assert shown["manager"] == {"id": mia, "name": "Mia", "active": True}
    assert shown["main_contact"]["id"] == ben
    assert [(each["id"], each["title"]) for each in shown["secondary_contacts"]] == [(ann, "Owner")]
    assert (shown["main_location"]["id"], shown["main_location"]["city"]) == (place["id"], "Bonn")
    assert (shown["website"], shown["fax"], shown["note"], shown["domains"]) == (
        "https://acme.example",
        "+1 555 0101",
        "VIP",
        ["acme.example"],
    )


async def test_accounts_are_found_by_name_address_domain_and_manager(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    acme = await desk.account("ACME", email2="info@post.example", manager_id=mia)
    bolt = await desk.account("Bolt")
    await desk.http.put(f"/v1/accounts/{bolt}/domains/bolt-mail.example")
    assert await _ids(desk, q="acm") == [acme]
    assert await _ids(desk, q="@POST") == [acme]
    assert await _ids(desk, q="bolt-mail") == [bolt]
    assert await _ids(desk, q="l_t") == []
    assert await _ids(desk, manager_id=mia) == [acme]
    clinic = await desk.account("ÄRZTEHAUS Øst, Œuvre ŽIŽKOV")
    for q in ("ärztehaus ØST", "œUVRE", "žižkov", "Ärzte"):
        assert await _ids(desk, q=q) == [clinic], q
    assert await _ids(desk, q="arzte") == []
    assert await _ids(desk, manager_id=MISSING) == []


@pytest.mark.covers("S1-114")
async def test_every_change_is_told_with_its_fields_and_a_new_name_as_a_renaming_too(
    desk: Any, rmm: Any
) -> None:
    await desk.take(rmm.received())
    (temporary,) = await _ids(desk, auto_created=True)
    path = f"/v1/accounts/{temporary}"
    await desk.patch(path, phone="1", note="x")
    assert (await desk.get(path))["auto_created"] is True
    await desk.patch(path, name="ACME")
    await desk.patch(path, name="ACME", phone="1")
    told = [
        (e.aggregateversion, e.data.changed, e.data.auto_created)
        for e in await desk.events(AccountUpdated)
    ]
    assert told == [(2, ["note", "phone"], True), (3, ["auto_created", "name"], False)]
    (renamed,) = await desk.events(AccountRenamed)
    # A fact of its own comes with the next version.
    assert renamed.aggregateversion == 4


async def test_an_archived_account_is_not_offered_and_takes_nothing_new(desk: Any) -> None:
    account = await desk.account()
    path = f"/v1/accounts/{account}"
    gone = await desk.post(f"{path}/archive")
    assert (gone["archived_at"] is None, gone["version"]) == (False, 2)
    assert await desk.post(f"{path}/archive") == gone
    assert account not in await _ids(desk)
    assert await _ids(desk, archived=True) == [account]
    for kind in ("contacts", "assets", "locations", "departments"):
        answer = await desk.http.post(f"/v1/{kind}", json={"account_id": account, "name": "x"})
        assert (answer.status_code, answer.json()["code"]) == (422, "account_archived"), kind
    domain = await desk.http.put(f"{path}/domains/acme.example")
    assert (domain.status_code, domain.json()["code"]) == (409, "account_archived")
    assert (await desk.post(f"{path}/restore"))["archived_at"] is None
    assert account in await _ids(desk)
    told = [(e.data.changed, e.data.archived) for e in await desk.events(AccountUpdated)]
    assert told == [(["archived"], True), (["archived"], False)]


@pytest.mark.covers("S1-113")
async def test_a_merged_account_is_in_no_list_and_comes_back_by_undoing_alone(desk: Any) -> None:
    old, new = await desk.account("ACME"), await desk.account("ACME Ltd")
    merge = await desk.post(f"/v1/accounts/{old}/merge", into_account_id=new)
    assert old not in [*await _ids(desk), *await _ids(desk, archived=True)]
    shown = await desk.get(f"/v1/accounts/{old}")
    assert (shown["merged_into_id"], shown["archived_at"] is None) == (new, False)
    refused = await desk.http.post(f"/v1/accounts/{old}/restore")
    assert (refused.status_code, refused.json()["code"]) == (409, "account_merged")
    late = await desk.http.post("/v1/contacts", json={"account_id": old, "name": "x"})
    assert (late.status_code, late.json()["code"]) == (422, "account_archived")
    assert new in late.json()["hint"]
    await desk.post(f"/v1/account-merges/{merge['id']}/undo")
    assert old in await _ids(desk)


@pytest.mark.covers("S1-117")
async def test_our_own_company_cannot_be_archived(desk: Any) -> None:
    own = (await desk.get("/v1/settings"))["own_account_id"]
    other = await desk.account()
    for chosen in (own, None):  # Without a choice it is the first account.
        await desk.patch("/v1/settings", own_account_id=chosen)
        refused = await desk.http.post(f"/v1/accounts/{own}/archive")
        assert (refused.status_code, refused.json()["code"]) == (409, "own_company")
        body = {"into_account_id": other}
        merged = await desk.http.post(f"/v1/accounts/{own}/merge", json=body)
        assert (merged.status_code, merged.json()["code"]) == (409, "own_company")


async def test_bad_accounts_are_refused(desk: Any) -> None:
    account = await desk.account()
    for body, code in (
        ({"manager_id": MISSING}, "manager_unknown"),
        ({"website": "javascript://x"}, "validation_failed"),
        ({"website": "https://a b"}, "validation_failed"),
        ({"website": "https://user@acme.example"}, "validation_failed"),
        ({"email1": "x"}, "validation_failed"),
        ({"note": None}, "validation_failed"),
        ({"auto_created": False}, "validation_failed"),
        ({"archived_at": None}, "validation_failed"),
    ):
        answer = await desk.http.patch(f"/v1/accounts/{account}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body
    for path in ("archive", "restore"):
        missing = await desk.http.post(f"/v1/accounts/{MISSING}/{path}")
        assert (missing.status_code, missing.json()["code"]) == (404, "account_not_found")
