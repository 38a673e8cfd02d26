"""Locations of accounts over HTTP, and those that stand for machine groups."""

import asyncio
import random
from typing import Any

import pytest

from patchbay_contracts import LocationCreated, LocationUpdated
from ticket_svc.locations.service import location_for_group

MISSING = "01890000-0000-7000-8000-00000000000f"


async def _location(desk: Any, account: str, name: str) -> str:
    return str((await desk.post("/v1/locations", account_id=account, name=name))["id"])


async def _mains(desk: Any, account: str) -> list[str]:
    items = (await desk.get("/v1/locations", account_id=account, limit=200))["items"]
    return [each["id"] for each in items if each["is_main"]]


async def test_a_location_is_added_changed_listed_and_announced(desk: Any) -> None:
    account = await desk.account()
    made = await desk.http.post(
        "/v1/locations", json={"account_id": account, "name": "Office", "city": "Bonn"}
    )
    office = made.json()
    path = f"/v1/locations/{office['id']}"
    assert (made.status_code, made.headers["Location"]) == (201, path)
    assert made.headers["ETag"] == '"1"'
    changed = await desk.patch(path, street="1 Main Street", city=None)
    assert (changed["street"], changed["city"], changed["version"]) == ("1 Main Street", None, 2)
    assert await desk.patch(path, street="1 Main Street") == changed
    for q in ("off", "main st"):
        assert len((await desk.get("/v1/locations", q=q))["items"]) == 1
    assert (await desk.get("/v1/locations", q="bonn"))["items"] == []
    (created,) = await desk.events(LocationCreated)
    assert (created.data.name, created.data.is_main) == ("Office", True)
    (updated,) = await desk.events(LocationUpdated)
    assert (updated.data.changed, updated.aggregateversion) == (["city", "street"], 2)
    shown = (await desk.get(f"/v1/accounts/{account}"))["main_location"]
    assert (shown["id"], shown["street"]) == (office["id"], "1 Main Street")


@pytest.mark.covers("S3-40")
async def test_any_location_can_be_converted_to_the_main_one_and_there_is_one_main(
    desk: Any,
) -> None:
    account = await desk.account()
    first, second = await _location(desk, account, "A"), await _location(desk, account, "B")
    assert await _mains(desk, account) == [first]
    converted = await desk.post(f"/v1/locations/{second}/main")
    assert (converted["is_main"], converted["version"]) == (True, 2)
    assert (await desk.post(f"/v1/locations/{second}/main"))["version"] == 2
    await desk.post(f"/v1/locations/{first}/main")
    assert await _mains(desk, account) == [first]
    told = [(e.subject, e.data.is_main) for e in await desk.events(LocationUpdated)]
    assert told == [(first, False), (second, True), (second, False), (first, True)]


@pytest.mark.covers("S3-46")
async def test_the_main_location_is_archived_last_and_archived_ones_are_not_offered(
    desk: Any,
) -> None:
    account = await desk.account()
    first, second = await _location(desk, account, "A"), await _location(desk, account, "B")
    refused = await desk.http.post(f"/v1/locations/{first}/archive")
    assert (refused.status_code, refused.json()["code"]) == (409, "location_is_main")
    assert "main" in refused.json()["hint"]
    gone = await desk.post(f"/v1/locations/{second}/archive")
    assert (gone["is_main"], gone["archived_at"] is None) == (False, False)
    archived_main = await desk.http.post(f"/v1/locations/{second}/main")
    assert (archived_main.status_code, archived_main.json()["code"]) == (409, "location_archived")
    offered = (await desk.get("/v1/locations", account_id=account))["items"]
    assert [each["id"] for each in offered] == [first]
    archived = (await desk.get("/v1/locations", account_id=account, archived=True))["items"]
    assert [each["id"] for each in archived] == [second]
    await desk.post(f"/v1/locations/{first}/archive")
    assert (await desk.get(f"/v1/accounts/{account}"))["main_location"] is None
    assert (await desk.post(f"/v1/locations/{second}/restore"))["is_main"] is True
    assert (await desk.post(f"/v1/locations/{first}/restore"))["is_main"] is False
    assert await _mains(desk, account) == [second]


async def test_bad_locations_are_refused(desk: Any) -> None:
    account = await desk.account()
    location = await _location(desk, account, "A")
    for body, code in (
        ({"account_id": MISSING, "name": "x"}, "account_unknown"),
        ({"account_id": account}, "validation_failed"),
        ({"account_id": account, "name": "x", "is_main": True}, "validation_failed"),
    ):
        answer = await desk.http.post("/v1/locations", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    await desk.post(f"/v1/accounts/{account}/archive")
    archived = await desk.http.post("/v1/locations", json={"account_id": account, "name": "x"})
    assert (archived.status_code, archived.json()["code"]) == (422, "account_archived")
    for path in ("x", MISSING, f"{MISSING}/main", f"{MISSING}/archive", f"{MISSING}/restore"):
        method = "POST" if "/" in path else "GET"
        answer = await desk.http.request(method, f"/v1/locations/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "location_not_found")
    for action in ("main", "archive", "restore"):
        stale = await desk.http.post(
            f"/v1/locations/{location}/{action}", headers={"If-Match": '"7"'}
        )
        assert stale.status_code == 412


@pytest.mark.covers("S3-42", "S3-43")
async def test_a_machine_group_has_one_location_whatever_people_call_it(desk: Any) -> None:
    account = await desk.account()

    async def sync(name: str) -> str:
        async with desk.runtime.db.unit_of_work() as uow:
            return (await location_for_group(uow, account, "group-7", name)).id

    made = await sync("root.acme")
    assert await _mains(desk, account) == [made]
    await desk.patch(f"/v1/locations/{made}", name="Head office")
    assert {await sync("root.acme"), await sync("root.renamed")} == {made}
    (only,) = (await desk.get("/v1/locations", account_id=account))["items"]
    assert (only["name"], only["remote_key"]) == ("Head office", "group-7")
    await desk.post(f"/v1/locations/{made}/archive")
    assert await sync("root.acme") == made


@pytest.mark.covers("S3-40")
async def test_changes_of_the_main_location_at_once_leave_exactly_one(desk: Any) -> None:
    account = await desk.account()
    places = [await _location(desk, account, f"L{n}") for n in range(5)]
    order = random.Random(11)
    for _ in range(3):
        asked = [(place, "main") for place in places]
        asked += [(place, "archive") for place in places] + [(place, "restore") for place in places]
        order.shuffle(asked)
        answers = await asyncio.gather(
            *(desk.http.post(f"/v1/locations/{place}/{action}") for place, action in asked)
        )
        assert {answer.status_code for answer in answers} <= {200, 409}
        active = (await desk.get("/v1/locations", account_id=account))["items"]
        assert len(await _mains(desk, account)) == (1 if active else 0)


async def test_groups_met_at_once_get_one_location_each_and_one_main(desk: Any) -> None:
    account = await desk.account()

    async def sync(key: str) -> str:
        async with desk.runtime.db.unit_of_work() as uow:
            return (await location_for_group(uow, account, key, f"Group {key}")).id

    ids = await asyncio.gather(*(sync(str(n % 3)) for n in range(9)))
    assert len(set(ids)) == 3
    assert len(await _mains(desk, account)) == 1
