"""Departments of accounts over HTTP."""

import asyncio
from typing import Any

import pytest

from patchbay_contracts import DepartmentCreated, DepartmentUpdated

MISSING = "01890000-0000-7000-8000-00000000000f"
PATH = "/v1/departments"


@pytest.mark.covers("S3-48")
async def test_a_department_belongs_to_its_account_which_has_one_of_the_name(desk: Any) -> None:
    acme, bolt = await desk.account("ACME"), await desk.account("Bolt")
    made = await desk.http.post(PATH, json={"account_id": acme, "name": "Finance"})
    finance = made.json()
    path = f"{PATH}/{finance['id']}"
    assert (made.status_code, made.headers["Location"]) == (201, path)
    assert await desk.get(path) == finance
    taken = await desk.http.post(PATH, json={"account_id": acme, "name": "Finance"})
    assert (taken.status_code, taken.json()["code"]) == (409, "department_name_taken")
    await desk.post(PATH, account_id=bolt, name="Finance")
    sales = await desk.post(PATH, account_id=acme, name="Sales")
    renaming = await desk.http.patch(f"{PATH}/{sales['id']}", json={"name": "Finance"})
    assert (renaming.status_code, renaming.json()["field"]) == (409, "/name")
    changed = await desk.patch(f"{PATH}/{sales['id']}", name="Sales 2")
    assert (changed["name"], changed["version"]) == ("Sales 2", 2)
    assert await desk.patch(f"{PATH}/{sales['id']}", name="Sales 2") == changed
    assert await desk.patch(f"{PATH}/{sales['id']}") == changed
    assert len(await desk.events(DepartmentCreated)) == 3
    (updated,) = await desk.events(DepartmentUpdated)
    assert (updated.data.name, updated.data.changed) == ("Sales 2", ["name"])


@pytest.mark.covers("S3-46")
async def test_archived_departments_are_not_offered(desk: Any) -> None:
    account = await desk.account()
    finance = (await desk.post(PATH, account_id=account, name="Finance"))["id"]
    await desk.post(PATH, account_id=account, name="Sales")
    gone = await desk.post(f"{PATH}/{finance}/archive")
    assert (await desk.post(f"{PATH}/{finance}/archive")) == gone
    items = (await desk.get(PATH, account_id=account, q="a"))["items"]
    assert [each["name"] for each in items] == ["Sales"]
    archived = (await desk.get(PATH, account_id=account, archived=True))["items"]
    assert [each["id"] for each in archived] == [finance]
    back = await desk.post(f"{PATH}/{finance}/restore")
    assert (back["archived_at"], back["version"]) == (None, 3)
    told = [(e.data.changed, e.data.archived) for e in await desk.events(DepartmentUpdated)]
    assert told == [(["archived"], True), (["archived"], False)]


async def test_bad_departments_are_refused(desk: Any) -> None:
    account = await desk.account()
    lost = await desk.http.post(PATH, json={"account_id": MISSING, "name": "x"})
    assert (lost.status_code, lost.json()["code"]) == (422, "account_unknown")
    made = (await desk.post(PATH, account_id=account, name="Finance"))["id"]
    for body in ({"name": None}, {"name": ""}, {"account_id": account}, {"name": "x" * 201}):
        assert (await desk.http.patch(f"{PATH}/{made}", json=body)).status_code == 422
    stale = await desk.http.patch(f"{PATH}/{made}", json={"name": "x"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    await desk.post(f"/v1/accounts/{account}/archive")
    archived = await desk.http.post(PATH, json={"account_id": account, "name": "x"})
    assert (archived.status_code, archived.json()["code"]) == (422, "account_archived")
    assert (await desk.http.get(f"{PATH}/{MISSING}")).json()["code"] == "department_not_found"


async def test_of_one_name_given_at_once_one_is_made(desk: Any) -> None:
    account = await desk.account()
    body = {"account_id": account, "name": "Finance"}
    answers = await asyncio.gather(*(desk.http.post(PATH, json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
