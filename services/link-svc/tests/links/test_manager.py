"""Links that people make and remove, over HTTP."""

from typing import Any

import pytest

from patchbay_contracts import SiteLinked, SiteUnlinked
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import published


@pytest.fixture
async def known(take: Any, events: Any) -> Any:
    """Two sites with a device each, two accounts, two assets."""
    events.accounts = [events.account("ACME"), events.account("Bolt")]
    events.assets = [events.asset("Server"), events.asset("Laptop")]
    await take(
        events.sites(["s1", "s2"]),
        events.devices({"d1": "s1", "d2": "s2"}),
        *events.accounts,
        *events.assets,
    )
    return events


def site_body(events: Any, site: str, account: int = 0) -> dict[str, str]:
    return {
        "connection_id": events.connection,
        "remote_site_id": site,
        "account_id": events.accounts[account].data.account_id,
    }


def device_body(events: Any, device: str, asset: int = 0) -> dict[str, str]:
    return {
        "connection_id": events.connection,
        "remote_device_id": device,
        "asset_id": events.assets[asset].data.asset_id,
    }


@pytest.mark.covers("S1-87", "S1-97")
async def test_many_sites_link_to_one_account(desk: Any, known: Any) -> None:
    for site in ("s1", "s2"):
        answer = await desk.post("/v1/links/sites", json=site_body(known, site))
        assert answer.status_code == 201, answer.text
    account_id = known.accounts[0].data.account_id
    listed = (await desk.get("/v1/links/sites", params={"account_id": account_id})).json()["items"]
    assert {link["remote_site_id"] for link in listed} == {"s1", "s2"}
    free = await desk.get("/v1/catalogue/sites", params={"linked": False})
    assert free.json()["items"] == []


async def test_linking_twice_changes_nothing_the_second_time(
    runtime: Any, desk: Any, known: Any
) -> None:
    first = await desk.put("/v1/links/sites", json=site_body(known, "s1"))
    again = await desk.put("/v1/links/sites", json=site_body(known, "s1"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(await published(runtime)) == 1


async def test_linking_to_another_account_moves_the_site(
    runtime: Any, desk: Any, known: Any
) -> None:
    await desk.post("/v1/links/sites", json=site_body(known, "s1", 0))
    moved = await desk.put("/v1/links/sites", json=site_body(known, "s1", 1))
    assert (moved.status_code, moved.json()["account_name"]) == (200, "Bolt")
    told = await published(runtime)
    assert [type(event.data) for event in told] == [SiteLinked, SiteUnlinked, SiteLinked]
    assert [event.aggregateversion for event in told] == [1, 2, 3]
    assert [event.data.account_id for event in told] == [
        known.accounts[account].data.account_id for account in (0, 0, 1)
    ]
    assert {event.subject for event in told} == {f"{known.connection}/s1"}


@pytest.mark.covers("S1-94")
async def test_versions_grow_over_unlinking_and_linking_again(
    runtime: Any, desk: Any, known: Any
) -> None:
    for _ in range(3):
        link = (await desk.post("/v1/links/sites", json=site_body(known, "s1"))).json()
        assert (await desk.delete(f"/v1/links/sites/{link['id']}")).status_code == 200
        assert (await desk.get(f"/v1/links/sites/{link['id']}")).status_code == 404
    assert [event.aggregateversion for event in await published(runtime)] == [1, 2, 3, 4, 5, 6]
    explained = (await desk.get(f"/v1/links/sites/{link['id']}/explain")).json()
    assert explained["link"]["linked"] is False
    assert [step["action"] for step in explained["steps"]] == ["linked", "unlinked"] * 3


async def test_link_that_a_person_removed_is_not_made_again_by_an_old_event(
    runtime: Any, take: Any, desk: Any, events: Any
) -> None:
    account = events.account("ACME", site="s1")
    await take(account)
    (link,) = (await desk.get("/v1/links/sites")).json()["items"]
    await desk.delete(f"/v1/links/sites/{link['id']}")
    await take(account.model_copy(update={"id": new_id()}))
    assert (await desk.get("/v1/links/sites")).json()["items"] == []


@pytest.mark.covers("S1-108")
async def test_device_and_asset_are_partners_once_per_connection(
    take: Any, desk: Any, known: Any, new_events: Any
) -> None:
    made = await desk.post("/v1/links/devices", json=device_body(known, "d1", 0))
    assert made.status_code == 201, made.text
    other_asset = await desk.post("/v1/links/devices", json=device_body(known, "d1", 1))
    assert (other_asset.status_code, other_asset.json()["code"]) == (409, "device_linked")
    other_device = await desk.post("/v1/links/devices", json=device_body(known, "d2", 0))
    assert (other_device.status_code, other_device.json()["code"]) == (409, "asset_linked")
    elsewhere = new_events()
    elsewhere.assets = known.assets
    await take(elsewhere.devices({"d9": "s9"}))
    second = await desk.post("/v1/links/devices", json=device_body(elsewhere, "d9", 0))
    assert second.status_code == 201


@pytest.mark.covers("S1-103", "S1-105")
async def test_removed_device_link_frees_device_and_asset(desk: Any, known: Any) -> None:
    link = (await desk.post("/v1/links/devices", json=device_body(known, "d1", 0))).json()
    assert (await desk.delete(f"/v1/links/devices/{link['id']}")).status_code == 204
    assert (await desk.delete(f"/v1/links/devices/{link['id']}")).status_code == 404
    again = await desk.post("/v1/links/devices", json=device_body(known, "d2", 0))
    assert again.status_code == 201


@pytest.mark.covers("S1-86")
async def test_only_what_is_known_can_be_linked(desk: Any, known: Any) -> None:
    site = await desk.post("/v1/links/sites", json=site_body(known, "s9"))
    assert (site.status_code, site.json()["code"]) == (422, "site_unknown")
    body = site_body(known, "s1") | {"account_id": new_id()}
    account = await desk.post("/v1/links/sites", json=body)
    assert (account.status_code, account.json()["code"]) == (422, "account_unknown")


@pytest.mark.covers("S1-123", "S1-124")
async def test_without_the_permission_one_may_only_look(desk: Any, reader: Any, known: Any) -> None:
    link = (await desk.post("/v1/links/sites", json=site_body(known, "s1"))).json()
    refused = await reader.post("/v1/links/sites", json=site_body(known, "s2"))
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")
    assert (await reader.delete(f"/v1/links/sites/{link['id']}")).status_code == 403
    assert (await reader.delete(f"/v1/links/tickets/{link['id']}")).status_code == 403
    assert len((await reader.get("/v1/catalogue/sites")).json()["items"]) == 2
    assert (await reader.get(f"/v1/links/sites/{link['id']}")).json() == link


async def test_removal_of_a_version_that_was_not_seen_is_refused(desk: Any, known: Any) -> None:
    made = await desk.post("/v1/links/sites", json=site_body(known, "s1", 0))
    await desk.put("/v1/links/sites", json=site_body(known, "s1", 1))
    address = f"/v1/links/sites/{made.json()['id']}"
    late = await desk.delete(address, headers={"If-Match": made.headers["ETag"]})
    assert (late.status_code, late.json()["code"]) == (412, "version_mismatch")
    now = (await desk.get(address)).headers["ETag"]
    assert (await desk.delete(address, headers={"If-Match": now})).status_code == 200


@pytest.mark.covers("S1-90", "S1-88")
async def test_unlinked_sites_are_found_by_words_of_their_name_page_by_page(
    take: Any, desk: Any, events: Any
) -> None:
    await take(events.sites([f"{number:03}" for number in range(7)] + ["straße_1"]))
    found: list[str] = []
    params = {"linked": False, "q": "SITE 00", "limit": 3}
    while True:
        page = (await desk.get("/v1/catalogue/sites", params=params)).json()
        found += [site["remote_site_id"] for site in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert found == [f"{number:03}" for number in range(7)]
    folded = await desk.get("/v1/catalogue/sites", params={"q": "STRASSE_"})
    assert [site["remote_site_id"] for site in folded.json()["items"]] == ["straße_1"]
    nothing = await desk.get("/v1/catalogue/sites", params={"q": "%"})
    assert nothing.json()["items"] == []


@pytest.mark.covers("S1-96")
async def test_link_of_a_site_that_is_gone_is_still_shown_and_can_be_removed(
    take: Any, desk: Any, known: Any
) -> None:
    link = (await desk.post("/v1/links/sites", json=site_body(known, "s1"))).json()
    await take(known.sites(["s2"], snapshot=2))
    shown = (await desk.get(f"/v1/links/sites/{link['id']}")).json()
    assert (shown["listed"], shown["site_name"]) == (False, "Site s1")
    assert (await desk.delete(f"/v1/links/sites/{link['id']}")).status_code == 200
