"""Assets of accounts: where they stand, what they belong to, and who hears of changes."""

from typing import Any

import pytest

from patchbay_contracts import AssetUpdated

MISSING = "01890000-0000-7000-8000-00000000000f"


async def _place(desk: Any, account: str, name: str) -> str:
    return str((await desk.post("/v1/locations", account_id=account, name=name))["id"])


async def _department(desk: Any, account: str, name: str) -> str:
    return str((await desk.post("/v1/departments", account_id=account, name=name))["id"])


async def _ids(desk: Any, **params: Any) -> set[str]:
    return {each["id"] for each in (await desk.get("/v1/assets", **params))["items"]}


@pytest.mark.covers("S3-32", "S3-33", "S3-39")
async def test_an_asset_without_a_location_stands_at_the_accounts_main_one(desk: Any) -> None:
    account = await desk.account()
    asset = await desk.post("/v1/assets", account_id=account, name="SRV")
    assert (asset["location"], asset["location_id"]) == (None, None)
    office, branch = await _place(desk, account, "Office"), await _place(desk, account, "Branch")
    path = f"/v1/assets/{asset['id']}"
    assert (await desk.get(path))["location"] == {
        "id": office,
        "name": "Office",
        "inherited": True,
    }
    other = await desk.post("/v1/assets", account_id=account, name="PC", location_id=branch)
    assert other["location"] == {"id": branch, "name": "Branch", "inherited": False}
    assert await _ids(desk, location_id=office) == {asset["id"]}
    assert await _ids(desk, location_id=branch) == {other["id"]}
    await desk.post(f"/v1/locations/{branch}/main")
    assert (await desk.get(path))["location"]["id"] == branch
    assert await _ids(desk, location_id=branch) == {asset["id"], other["id"]}
    assert await _ids(desk, location_id=office) == set()


@pytest.mark.covers("S3-46", "S3-49", "S3-50")
async def test_location_and_department_are_of_the_same_account_and_active(desk: Any) -> None:
    acme, bolt = await desk.account("ACME"), await desk.account("Bolt")
    asset = (await desk.post("/v1/assets", account_id=acme, name="SRV"))["id"]
    choices: dict[str, Any] = {
        "location": (await _place(desk, acme, "A"), await _place(desk, bolt, "B")),
        "department": (await _department(desk, acme, "A"), await _department(desk, bolt, "B")),
    }
    await _place(desk, acme, "Other")
    for what, (own, foreign) in choices.items():
        for value, code in ((foreign, f"{what}_of_other_account"), (MISSING, f"{what}_unknown")):
            new = {"account_id": acme, "name": "x", f"{what}_id": value}
            for answer in (
                await desk.http.post("/v1/assets", json=new),
                await desk.http.patch(f"/v1/assets/{asset}", json={f"{what}_id": value}),
            ):
                assert (answer.status_code, answer.json()["code"]) == (422, code)
                assert answer.json()["field"] == f"/{what}_id"
        changed = await desk.patch(f"/v1/assets/{asset}", **{f"{what}_id": own})
        assert changed[what]["name"] == "A"
        assert await _ids(desk, **{f"{what}_id": own}) == {asset}
    listed = (await desk.get("/v1/assets", account_id=acme))["items"][0]
    assert listed["department"]["name"] == "A"
    await desk.post(f"/v1/departments/{choices['department'][0]}/archive")
    kept = await desk.patch(f"/v1/assets/{asset}", department_id=choices["department"][0], note="x")
    assert (kept["department"]["name"], kept["note"]) == ("A", "x")
    again = {"account_id": acme, "name": "x", "department_id": choices["department"][0]}
    refused = await desk.http.post("/v1/assets", json=again)
    assert (refused.status_code, refused.json()["code"]) == (422, "department_archived")
    assert (await desk.patch(f"/v1/assets/{asset}", department_id=None))["department"] is None


async def test_changes_archiving_and_restoring_are_announced_once_each(desk: Any) -> None:
    account = await desk.account()
    made = await desk.post("/v1/assets", account_id=account, name="SRV", kind="server")
    path = f"/v1/assets/{made['id']}"
    await desk.patch(path, kind="router", serial_number="SN-1", name="SRV")
    await desk.patch(path, kind="router")
    gone = await desk.post(f"{path}/archive")
    assert await desk.post(f"{path}/archive") == gone
    assert await _ids(desk, account_id=account) == set()
    assert await _ids(desk, account_id=account, archived=True) == {made["id"]}
    await desk.post(f"{path}/restore")
    told = [(e.data.changed, e.data.archived) for e in await desk.events(AssetUpdated)]
    assert told == [
        (["kind", "serial_number"], False),
        (["archived"], True),
        (["archived"], False),
    ]
    stale = await desk.http.post(f"{path}/archive", headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"4"')
    await desk.post(f"/v1/accounts/{account}/archive")
    late = await desk.http.post("/v1/assets", json={"account_id": account, "name": "x"})
    assert (late.status_code, late.json()["code"]) == (422, "account_archived")
