"""Employees over HTTP: who may sign in, and by which addresses mail knows them."""

from typing import Any

import pytest

from patchbay_contracts import EmployeeCreated, EmployeeUpdated
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE

PASSWORD = "correct horse battery"


@pytest.mark.covers("S2-107")
async def test_an_address_that_two_employees_share_is_warned_about(desk: Any) -> None:
    first = await desk.post("/v1/employees", name="Mia", email1="Mia@desk.example")
    assert (first["email1"], first["warnings"]) == ("mia@desk.example", [])
    second = await desk.post("/v1/employees", name="Tom", email2="mia@desk.example")
    (warning,) = second["warnings"]
    assert (warning["code"], warning["field"]) == ("address_shared", "email2")
    assert warning["message"].startswith("Mia has this address too")
    gone = await desk.patch(f"/v1/employees/{first['id']}", active=False)
    assert gone["active"] is False
    assert (await desk.get(f"/v1/employees/{second['id']}"))["warnings"] == []


async def test_a_password_lets_an_employee_in_and_never_comes_out(desk: Any) -> None:
    mia = await desk.post("/v1/employees", name="Mia", email1="mia@desk.example", password=PASSWORD)
    assert mia["has_password"] is True
    assert PASSWORD not in str(mia)
    token = await _token(desk, "MIA@desk.example", PASSWORD)
    me = await desk.http.get("/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert (me.json()["id"], me.json()["permissions"]) == (mia["id"], ["desk"])


async def _token(desk: Any, email: str, password: str) -> str:
    body = await desk.post("/v1/auth/token", email=email, password=password)
    return str(body["access_token"])


async def test_a_new_password_replaces_the_old_one(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", password=PASSWORD)
    path = f"/v1/employees/{mia}/password"
    short = await desk.http.put(path, json={"password": "short"})
    assert short.status_code == 422
    assert "short" not in short.text.replace("too_short", "")
    assert (await desk.http.put(path, json={"password": PASSWORD + "!"})).status_code == 204
    assert await _token(desk, "mia@desk.example", PASSWORD + "!")
    old = {"email": "mia@desk.example", "password": PASSWORD}
    assert (await desk.http.post("/v1/auth/token", json=old)).status_code == 401


async def test_an_inactive_employee_cannot_sign_in(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", password=PASSWORD)
    await desk.patch(f"/v1/employees/{mia}", active=False)
    body = {"email": "mia@desk.example", "password": PASSWORD}
    refused = await desk.http.post("/v1/auth/token", json=body)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")


async def test_the_desk_reads_employees_and_only_their_administrator_writes(
    desk: Any, runtime: Any
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    async with client(runtime, SERVICE, permissions={"desk"}) as http:
        assert (await http.get("/v1/employees", params={"q": "MIA"})).json()["items"] != []
        for method, path in (
            ("POST", "/v1/employees"),
            ("PATCH", f"/v1/employees/{mia}"),
            ("PUT", f"/v1/employees/{mia}/password"),
        ):
            refused = await http.request(method, path, json={"name": "x", "password": PASSWORD})
            assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")


async def test_nobody_gives_or_touches_more_than_they_hold(desk: Any, runtime: Any) -> None:
    boss = await desk.employee("Boss", "boss@desk.example", permissions=["*"])
    limited = make_principal({"desk", "employees.admin"})
    async with client(runtime, SERVICE, principal=limited) as http:
        body = {"name": "Eve", "permissions": ["*"]}
        for refused in (
            await http.post("/v1/employees", json=body),
            await http.patch(f"/v1/employees/{boss}", json={"name": "x"}),
            await http.put(f"/v1/employees/{boss}/password", json={"password": PASSWORD}),
        ):
            assert (refused.status_code, refused.json()["code"]) == (403, "permission_beyond_own")
        helper = {"name": "Tom", "permissions": ["desk", "employees.admin"]}
        assert (await http.post("/v1/employees", json=helper)).status_code == 201
    unknown = await desk.http.post("/v1/employees", json={"name": "x", "permissions": ["root"]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "permission_unknown")


async def test_the_last_administrator_stays(desk: Any) -> None:
    (admin,) = (await desk.get("/v1/employees"))["items"]
    for change in ({"active": False}, {"permissions": ["desk"]}):
        refused = await desk.http.patch(f"/v1/employees/{admin['id']}", json=change)
        assert (refused.status_code, refused.json()["code"]) == (409, "last_administrator")
    read = await desk.get(f"/v1/employees/{admin['id']}")
    assert {**read, **admin, "warnings": []} == read
    await desk.employee("Mia", "mia@desk.example", permissions=["*"], password=PASSWORD)
    await desk.patch(f"/v1/employees/{admin['id']}", permissions=["desk"])


@pytest.mark.covers("S2-136")
async def test_employees_choose_for_themselves_whether_they_get_all_mail(
    desk: Any, sign_in: Any
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", password=PASSWORD)
    headers = await sign_in("mia@desk.example", PASSWORD)
    wanted = {"receives_all_mail": True, "phone": "+49 30 1"}
    mine = await desk.http.patch("/v1/employees/me", json=wanted, headers=headers)
    assert mine.json()["receives_all_mail"] is True
    read = await desk.http.get("/v1/employees/me", headers=headers)
    assert (read.json()["id"], read.json()["phone"]) == (mia, "+49 30 1")
    more = await desk.http.patch("/v1/employees/me", json={"permissions": ["*"]}, headers=headers)
    assert more.status_code == 422
    # The tests' own caller has a token and no record.
    assert (await desk.http.get("/v1/employees/me")).status_code == 404


async def test_a_change_of_an_employee_is_told_once_and_says_no_secret(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", password=PASSWORD)
    (created,) = await desk.events(EmployeeCreated)
    assert (created.data.employee_id, created.data.active) == (mia, True)
    await desk.patch(f"/v1/employees/{mia}", name="Mia M", phone="1")
    await desk.patch(f"/v1/employees/{mia}", name="Mia M")
    new = PASSWORD + "!"
    await desk.http.put(f"/v1/employees/{mia}/password", json={"password": new})
    told = await desk.events(EmployeeUpdated)
    assert [each.data.changed for each in told] == [["name", "phone"], ["password"]]
    assert [each.aggregateversion for each in (created, *told)] == [1, 2, 3]
    assert PASSWORD not in str(told)


async def test_nobody_takes_the_address_by_which_somebody_above_them_signs_in(
    desk: Any, runtime: Any
) -> None:
    """Two bearers of an address cannot sign in by it: an administrator would be locked out."""
    await desk.employee("Ada", "ada@desk.example", permissions=["*"], password=PASSWORD)
    peer = await desk.employee("Pam", "pam@desk.example")
    async with client(runtime, SERVICE, permissions={"desk", "employees.admin"}) as http:
        for field in ("email1", "email2"):
            taken = {field: "ADA@desk.example"}
            made = await http.post("/v1/employees", json={"name": "Eve", **taken})
            changed = await http.patch(f"/v1/employees/{peer}", json=taken)
            for refused in (made, changed):
                assert refused.status_code == 403, refused.text
                assert refused.json()["code"] == "permission_beyond_own"
        away = {"active": False, "email1": "ada@desk.example"}
        assert (await http.patch(f"/v1/employees/{peer}", json=away)).status_code == 200
        back = await http.patch(f"/v1/employees/{peer}", json={"active": True})
        assert back.status_code == 403
        shared = await http.post(
            "/v1/employees", json={"name": "Pat", "email1": "pat@desk.example"}
        )
        again = await http.post("/v1/employees", json={"name": "Pit", "email1": "pat@desk.example"})
        assert (shared.status_code, again.status_code) == (201, 201)
    assert await _token(desk, "ada@desk.example", PASSWORD)
