"""Hourly lists of sites and devices."""

from xml.etree.ElementTree import Element

import httpx
from defusedxml.ElementTree import fromstring


async def listed(sim: httpx.AsyncClient, path: str = "/psg/v1/sites") -> Element:
    answer = await sim.get(path)
    assert answer.status_code == 200
    return fromstring(answer.text)


async def ids(sim: httpx.AsyncClient, path: str = "/psg/v1/sites") -> list[str | None]:
    return [element.get("id") for element in await listed(sim, path)]


async def test_sites_and_devices_are_listed_with_their_data(sim: httpx.AsyncClient) -> None:
    site = {"id": "A", "name": 'Ünï & <Co> "q"', "address": "1 Road\nTown", "domain": "a.example"}
    await sim.post("/__sim/sites", json=site)
    await sim.post("/__sim/devices", json={"id": "D", "siteId": "A", "name": "PC", "serial": "1"})
    sites = await listed(sim)
    assert sites.tag == "Sites"
    assert sites.get("generatedAt") == "2030-01-15T10:05:00.000Z"
    assert sites[0].attrib == {**site, "phone": ""}
    assert (await listed(sim, "/psg/v1/devices"))[0].get("siteId") == "A"


async def test_a_new_site_is_missing_in_the_list_but_occurs_in_a_ticket(
    sim: httpx.AsyncClient, clock
) -> None:
    await sim.post("/__sim/sites", json={"id": "OLD", "name": "Old"})
    assert await ids(sim) == ["OLD"]
    clock.advance(minutes=10)
    await sim.post("/__sim/sites", json={"id": "NEW", "name": "New"})
    await sim.post("/__sim/tickets", json={"siteId": "NEW", "summary": "Disk full"})
    item = (await sim.get("/psg/v1/queue")).json()["items"][0]
    assert (item["siteId"], item["siteName"]) == ("NEW", "New")
    assert await ids(sim) == ["OLD"]
    clock.advance(minutes=45)
    assert await ids(sim) == ["NEW", "OLD"]
    assert (await listed(sim)).get("generatedAt") == "2030-01-15T11:00:00.000Z"


async def test_a_list_made_late_shows_the_state_of_its_hour(sim: httpx.AsyncClient, clock) -> None:
    assert await ids(sim) == []
    clock.advance(hours=1, minutes=10)
    await sim.post("/__sim/sites", json={"id": "LATE", "name": "After eleven"})
    assert await ids(sim) == []


async def test_last_modified_is_the_time_of_the_list(sim: httpx.AsyncClient, clock) -> None:
    await sim.get("/psg/v1/sites")
    clock.advance(minutes=30)
    answer = await sim.get("/psg/v1/sites")
    assert answer.headers["Last-Modified"] == "Tue, 15 Jan 2030 10:05:00 GMT"
    assert answer.headers["Content-Type"].startswith("application/xml")


async def test_a_removed_site_is_only_absent(sim: httpx.AsyncClient) -> None:
    await sim.post("/__sim/sites", json=[{"id": "A", "name": "A"}, {"id": "B", "name": "B"}])
    assert await ids(sim) == ["A", "B"]
    await sim.delete("/__sim/sites/A")
    await sim.post("/__sim/snapshots")
    assert await ids(sim) == ["B"]
    assert (await sim.delete("/__sim/sites/A")).status_code == 404


async def test_devices_can_be_listed_for_one_site(sim: httpx.AsyncClient) -> None:
    devices = [{"id": name, "siteId": name[0], "name": name} for name in ("A1", "A2", "B1")]
    await sim.post("/__sim/devices", json=devices)
    assert await ids(sim, "/psg/v1/devices") == ["A1", "A2", "B1"]
    assert await ids(sim, "/psg/v1/devices?siteId=A") == ["A1", "A2"]
    assert await ids(sim, "/psg/v1/devices?siteId=none") == []


async def test_characters_that_xml_cannot_carry_are_replaced(sim: httpx.AsyncClient) -> None:
    await sim.post("/__sim/sites", json={"id": "A", "name": "bell\u0007"})
    assert (await listed(sim))[0].get("name") == "bell\ufffd"
