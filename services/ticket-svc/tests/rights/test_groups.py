"""Privilege groups: what members may do through them, and who may change them."""

import asyncio
from typing import Any

import pytest

from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE

PASSWORD = "correct horse battery"


async def _group(desk: Any, *permissions: str, name: str = "Keepers") -> dict[str, Any]:
    return dict(await desk.post("/v1/privilege-groups", name=name, permissions=list(permissions)))


async def _put(desk: Any, group: str, employee: str) -> None:
    path = f"/v1/privilege-groups/{group}/members/{employee}"
    assert (await desk.http.put(path)).status_code == 204


@pytest.mark.covers("S1-125")
async def test_members_may_do_what_their_groups_may_from_the_next_request_on(
    desk: Any, sign_in: Any
) -> None:
    """The token is the same all the time: what it says counts for nothing here."""
    mia = await desk.employee("Mia", "mia@desk.example", password=PASSWORD)
    headers = await sign_in("mia@desk.example", PASSWORD)
    group = await _group(desk, "api_keys.admin")

    async def status() -> int:
        return int((await desk.http.get("/v1/api-keys", headers=headers)).status_code)

    assert await status() == 403
    await _put(desk, group["id"], mia)
    assert await status() == 200
    shown = await desk.get(f"/v1/employees/{mia}")
    assert [each["name"] for each in shown["groups"]] == ["Keepers"]
    assert shown["effective_permissions"] == ["api_keys.admin", "desk"]
    assert shown["permissions"] == ["desk"]
    await desk.patch(f"/v1/privilege-groups/{group['id']}", permissions=["tickets.all"])
    assert await status() == 403
    await desk.patch(f"/v1/privilege-groups/{group['id']}", permissions=["api_keys.admin"])
    assert await status() == 200
    await desk.http.delete(f"/v1/privilege-groups/{group['id']}")
    assert await status() == 403
    await desk.patch(f"/v1/employees/{mia}", active=False)
    assert await status() == 401


async def test_groups_are_records_like_others(desk: Any) -> None:
    group = await _group(desk, "tickets.all", "desk")
    path = f"/v1/privilege-groups/{group['id']}"
    assert group["permissions"] == ["desk", "tickets.all"]
    taken = await desk.http.post("/v1/privilege-groups", json={"name": "Keepers"})
    assert (taken.status_code, taken.json()["code"]) == (409, "group_name_taken")
    stale = await desk.http.patch(path, json={"name": "x"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    assert (await desk.patch(path, name="Keepers"))["version"] == 1
    assert (await desk.patch(path, name="Others"))["version"] == 2
    other = await _group(desk)
    clash = await desk.http.patch(path, json={"name": other["name"]})
    assert clash.json()["code"] == "group_name_taken"
    mia = await desk.employee("Mia", "mia@desk.example")
    await _put(desk, group["id"], mia)
    await _put(desk, group["id"], mia)
    members = await desk.get(f"{path}/members")
    assert members["items"] == [{"id": mia, "name": "Mia", "active": True}]
    assert (await desk.http.delete(f"{path}/members/{mia}")).status_code == 204
    assert (await desk.http.delete(f"{path}/members/{mia}")).status_code == 204
    assert (await desk.http.put(f"{path}/members/{group['id']}")).status_code == 404
    assert (await desk.http.put(f"{path}/members/nobody")).status_code == 404
    assert len((await desk.get("/v1/privilege-groups", q="KEEP"))["items"]) == 1


async def test_nobody_gives_takes_or_touches_through_groups_what_they_do_not_hold(
    desk: Any, runtime: Any
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    strong = await _group(desk, "*", name="Administrators")
    weak = await _group(desk, "desk", name="Desk")
    boss = await desk.employee("Boss", "boss@desk.example")
    await _put(desk, strong["id"], boss)
    limited = make_principal({"desk", "employees.admin"})
    groups = "/v1/privilege-groups"
    async with client(runtime, SERVICE, principal=limited) as http:
        for refused in (
            await http.post(groups, json={"name": "x", "permissions": ["tickets.all"]}),
            await http.patch(f"{groups}/{weak['id']}", json={"permissions": ["*"]}),
            await http.patch(f"{groups}/{strong['id']}", json={"permissions": []}),
            await http.delete(f"{groups}/{strong['id']}"),
            await http.put(f"{groups}/{strong['id']}/members/{mia}"),
            await http.delete(f"{groups}/{strong['id']}/members/{boss}"),
            await http.put(f"{groups}/{weak['id']}/members/{boss}"),
            await http.patch(f"/v1/employees/{boss}", json={"active": False}),
            await http.put(f"/v1/employees/{boss}/password", json={"password": PASSWORD}),
        ):
            assert (refused.status_code, refused.json()["code"]) == (403, "permission_beyond_own")
        unknown = await http.post(groups, json={"name": "x", "permissions": ["root"]})
        assert unknown.json()["code"] == "permission_unknown"
        assert (await http.put(f"{groups}/{weak['id']}/members/{mia}")).status_code == 204


async def test_an_administrator_through_a_group_counts_and_the_last_one_stays(desk: Any) -> None:
    (admin,) = (await desk.get("/v1/employees"))["items"]
    group = await _group(desk, "*")
    await _put(desk, group["id"], admin["id"])
    await desk.patch(f"/v1/employees/{admin['id']}", permissions=["desk"])
    path = f"/v1/privilege-groups/{group['id']}"
    for refused in (
        await desk.http.delete(path),
        await desk.http.patch(path, json={"permissions": []}),
        await desk.http.delete(f"{path}/members/{admin['id']}"),
        await desk.http.patch(f"/v1/employees/{admin['id']}", json={"active": False}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "last_administrator")


async def test_two_administrators_who_demote_each_other_at_once_leave_one(desk: Any) -> None:
    (admin,) = (await desk.get("/v1/employees"))["items"]
    other = await desk.employee("Mia", "m@desk.example", permissions=["*"], password=PASSWORD)
    answers = await asyncio.gather(
        *(
            desk.http.patch(f"/v1/employees/{each}", json={"permissions": ["desk"]})
            for each in (admin["id"], other)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
