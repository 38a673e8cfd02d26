"""Sites and devices become numbered snapshots, complete or not at all."""

from typing import Any

import httpx
import pytest

from patchbay_contracts import CatalogueRefreshed, RemoteTicketReceived
from rmm_gateway.wiring import parts_of

BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;">]><Sites><Site id="1" name="&c;"/></Sites>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<Sites><Site id="1" name="&a;"/></Sites>"""
XML = {"content-type": "application/xml"}


async def _fill(world: Any, sites: int, devices: int) -> None:
    await world.post_sim(
        "sites", [{"id": f"S{n}", "name": f"Site {n}", "domain": "a.example"} for n in range(sites)]
    )
    device = {"serial": "SN1", "manufacturer": "Dell", "model": "X", "os": "Windows"}
    await world.post_sim(
        "devices",
        [{"id": f"D{n}", "siteId": "S0", "name": f"PC{n}", **device} for n in range(devices)],
    )


@pytest.mark.covers("S1-33", "S1-35")
async def test_inventory_is_downloaded_while_ticket_processing_is_off(world: Any) -> None:
    await _fill(world, 2, 3)
    made = await world.connect(inventory_sync=True)
    await world.raise_ticket()
    await world.sweep()
    await world.poll()
    sites, devices = await world.events(CatalogueRefreshed)
    assert [(s.remote_site_id, s.name, s.attributes) for s in sites.sites] == [
        ("S0", "Site 0", {"domain": "a.example"}),
        ("S1", "Site 1", {"domain": "a.example"}),
    ]
    first = devices.devices[0]
    assert (first.remote_site_id, first.name, first.serial_number) == ("S0", "PC0", "SN1")
    assert (first.manufacturer, first.model, first.attributes) == ("Dell", "X", {"os": "Windows"})
    assert await world.events(RemoteTicketReceived) == []
    found = await world.connection(made["id"])
    assert (found["ticket_processing"], found["held_count"]) == (False, 1)
    assert found["last_inventory_at"] is not None


async def test_inventory_can_be_switched_off(world: Any) -> None:
    await world.connect(inventory_sync=False)
    await world.sweep()
    assert await world.events(CatalogueRefreshed) == []


async def test_a_big_inventory_travels_in_parts_and_snapshots_are_numbered(world: Any) -> None:
    await _fill(world, 3, 1001)
    made = await world.connect(inventory_sync=True, inventory_interval=60)
    await world.sweep()
    world.clock.advance(hours=2)
    await world.sweep()
    events = await world.events(CatalogueRefreshed)
    shape = [(e.kind, e.snapshot, e.part, e.parts) for e in events]
    once = [("sites", 1), ("devices", 3)]
    assert shape == [
        (kind, snapshot, part + 1, parts)
        for snapshot in (1, 2)
        for kind, parts in once
        for part in range(parts)
    ]
    ids = [d.remote_device_id for e in events[:4] for d in e.devices]
    assert len(set(ids)) == len(ids) == 1001
    assert {e.connection_id for e in events} == {made["id"]}


@pytest.mark.covers("S1-38")
async def test_a_sweep_that_breaks_publishes_nothing_and_says_why(world: Any) -> None:
    await _fill(world, 2, 2)
    made = await world.connect(inventory_sync=True)
    fault = {"kind": "truncated_json", "path": "*/devices"}
    await world.post_sim("faults", fault)
    await world.sweep()
    assert await world.events(CatalogueRefreshed) == []
    assert "XML" in (await world.connection(made["id"]))["inventory_error"]
    world.clock.advance(minutes=2)
    await world.sweep()
    assert len(await world.events(CatalogueRefreshed)) == 2
    assert (await world.connection(made["id"]))["inventory_error"] is None


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BOMB, XML),
        (EXTERNAL, XML),
        (b"<Sites><Site", XML),
        (b"<Other/>", XML),
        (b"<Sites/>", {"content-type": "text/html"}),
        (b"", XML),
    ],
    ids=["bomb", "external-entity", "cut", "other-root", "html", "empty"],
)
async def test_hostile_or_broken_lists_are_refused(
    small_world: Any, body: bytes, headers: dict[str, str]
) -> None:
    world = small_world
    made = await world.connect(inventory_sync=True)
    parts_of(world.runtime).providers.transport = lambda: httpx.MockTransport(
        lambda _request: httpx.Response(200, content=body, headers=headers)
    )
    await world.sweep()
    assert await world.events(CatalogueRefreshed) == []
    assert (await world.connection(made["id"]))["inventory_error"]


async def test_a_list_beyond_the_size_limit_is_refused(
    small_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rmm_gateway.providers.continuum.client.XML_LIMIT", 10_000)
    world = small_world
    await _fill(world, 500, 0)
    made = await world.connect(inventory_sync=True)
    await world.sweep()
    assert "10000 bytes" in (await world.connection(made["id"]))["inventory_error"]


async def test_a_record_without_an_id_is_kept_aside_and_the_rest_published(
    small_world: Any,
) -> None:
    world = small_world
    made = await world.connect(inventory_sync=True)
    lists = {
        "/psg/v1/sites": b'<Sites><Site id="1" name="A"/><Site name="no id"/><Odd/></Sites>',
        "/psg/v1/devices": b"<Devices/>",
    }
    parts_of(world.runtime).providers.transport = lambda: httpx.MockTransport(
        lambda request: httpx.Response(200, content=lists[request.url.path], headers=XML)
    )
    await world.sweep()
    sites, devices = await world.events(CatalogueRefreshed)
    assert [site.remote_site_id for site in sites.sites] == ["1"]
    assert (devices.devices, devices.parts) == ([], 1)
    assert (await world.connection(made["id"]))["rejected_count"] == 2


async def test_a_redirect_is_not_followed_with_the_code(small_world: Any) -> None:
    world = small_world
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"location": "http://evil.test/psg/v1/sites"})

    made = await world.connect(inventory_sync=True)
    parts_of(world.runtime).providers.transport = lambda: httpx.MockTransport(answer)
    await world.sweep()
    assert asked == ["continuum.test"]
    assert "redirects" in (await world.connection(made["id"]))["inventory_error"]
