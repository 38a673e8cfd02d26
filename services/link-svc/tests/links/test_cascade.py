"""Removing a site link takes along what came through that site."""

from typing import Any

import pytest

from patchbay_contracts import DeviceUnlinked, SiteUnlinked, TicketUnlinked
from patchbay_kit.testing.harness import published


@pytest.fixture
async def two_sites(take: Any, desk: Any, events: Any) -> Any:
    """One account with two sites: s1 with one device and two tickets, s2 with one of each."""
    account = events.account("ACME", site="s1")
    events.assets = [events.asset("Server"), events.asset("Laptop")]
    await take(
        account,
        events.sites(["s1", "s2"]),
        events.devices({"d1": "s1", "d2": "s2"}),
        *events.assets,
        *(events.remote_ticket(*origin) for origin in (("r1", "s1"), ("r2", "s1"), ("r3", "s2"))),
        *(events.ticket(number) for number in ("r1", "r2", "r3", "r4")),
    )
    body = {"connection_id": events.connection, "account_id": account.data.account_id}
    await desk.post("/v1/links/sites", json=body | {"remote_site_id": "s2"})
    for device, asset in zip(("d1", "d2"), events.assets, strict=True):
        await desk.post("/v1/links/devices", json=link_of(events, device, asset))
    links = (await desk.get("/v1/links/sites")).json()["items"]
    events.link = next(link for link in links if link["remote_site_id"] == "s1")
    return events


def link_of(events: Any, device: str, asset: Any) -> dict[str, str]:
    return {
        "connection_id": events.connection,
        "remote_device_id": device,
        "asset_id": asset.data.asset_id,
    }


async def remote_ids(desk: Any, kind: str) -> set[str]:
    links = (await desk.get(f"/v1/links/{kind}s")).json()["items"]
    return {link[f"remote_{kind}_id"] for link in links}


@pytest.mark.covers("S1-95", "S1-99")
async def test_only_links_that_came_through_the_removed_site_go(
    runtime: Any, desk: Any, two_sites: Any
) -> None:
    address = f"/v1/links/sites/{two_sites.link['id']}"
    preview = (await desk.get(f"{address}/unlink-preview")).json()
    assert (preview["devices"], preview["tickets"]) == (1, 2)
    before = len(await published(runtime))
    operation = (await desk.delete(address)).json()
    assert (operation["devices"], operation["tickets"]) == (1, 2)
    assert await remote_ids(desk, "site") == {"s2"}
    assert await remote_ids(desk, "device") == {"d2"}
    assert await remote_ids(desk, "ticket") == {"r3", "r4"}
    told = (await published(runtime))[before:]
    assert sorted(type(event.data).__name__ for event in told) == [
        DeviceUnlinked.__name__,
        SiteUnlinked.__name__,
        TicketUnlinked.__name__,
        TicketUnlinked.__name__,
    ]
    taken = [event.data for event in told if not isinstance(event.data, SiteUnlinked)]
    assert {data.because_of_site for data in taken} == {"s1"}
    assert {event.aggregateversion for event in told} == {2}


@pytest.mark.covers("S1-99")
async def test_removal_is_one_operation_that_can_be_undone_once(
    runtime: Any, desk: Any, two_sites: Any
) -> None:
    operation = (await desk.delete(f"/v1/links/sites/{two_sites.link['id']}")).json()
    (listed,) = (await desk.get("/v1/links/operations")).json()["items"]
    assert listed == operation
    undo = f"/v1/links/operations/{operation['id']}/undo"
    undone = await desk.post(undo)
    assert (undone.status_code, undone.json()["relinked"]) == (200, 4)
    assert await remote_ids(desk, "site") == {"s1", "s2"}
    assert await remote_ids(desk, "device") == {"d1", "d2"}
    assert await remote_ids(desk, "ticket") == {"r1", "r2", "r3", "r4"}
    assert [event.aggregateversion for event in (await published(runtime))[-4:]] == [3] * 4
    again = await desk.post(undo)
    assert (again.status_code, again.json()["code"]) == (409, "operation_undone")


async def test_undoing_leaves_alone_what_was_changed_since(desk: Any, two_sites: Any) -> None:
    operation = (await desk.delete(f"/v1/links/sites/{two_sites.link['id']}")).json()
    other = next(
        link
        for link in (await desk.get("/v1/links/devices")).json()["items"]
        if link["remote_device_id"] == "d2"
    )
    await desk.delete(f"/v1/links/devices/{other['id']}")
    server = two_sites.assets[0]
    await desk.post("/v1/links/devices", json=link_of(two_sites, "d2", server))
    undone = (await desk.post(f"/v1/links/operations/{operation['id']}/undo")).json()
    assert undone["relinked"] == 3
    (device,) = (await desk.get("/v1/links/devices")).json()["items"]
    assert (device["remote_device_id"], device["asset_id"]) == ("d2", server.data.asset_id)


async def test_moving_a_site_keeps_what_came_through_it(
    take: Any, desk: Any, two_sites: Any
) -> None:
    other = two_sites.account("Bolt")
    await take(other)
    body = {"connection_id": two_sites.connection, "account_id": other.data.account_id}
    moved = await desk.put("/v1/links/sites", json=body | {"remote_site_id": "s1"})
    assert moved.status_code == 200
    assert await remote_ids(desk, "device") == {"d1", "d2"}
    assert await remote_ids(desk, "ticket") == {"r1", "r2", "r3", "r4"}
