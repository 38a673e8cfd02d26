"""Customers sign in with a password that was set for them or that they chose once."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from patchbay_kit.testing.harness import client
from ticket_svc.definition import SERVICE
from ticket_svc.invitations.tables import Invitation

PASSWORD = "correct horse battery"
ANN = "ann@acme.example"


async def _token(desk: Any, email: str = ANN, password: str = PASSWORD) -> httpx.Response:
    body = {"email": email, "password": password}
    answer: httpx.Response = await desk.http.post("/v1/auth/token", json=body)
    return answer


@pytest.mark.covers("S2-06")
async def test_a_contact_with_a_password_is_a_customer_of_their_account(
    desk: Any, sign_in: Any
) -> None:
    account = await desk.account()
    ann = await desk.contact(account, ANN)
    path = f"/v1/contacts/{ann}"
    assert (await _token(desk)).status_code == 401
    assert (await desk.http.put(f"{path}/password", json={"password": "short"})).status_code == 422
    await desk.http.put(f"{path}/password", json={"password": PASSWORD})
    headers = await sign_in("ANN@acme.example", PASSWORD)
    me = (await desk.http.get("/v1/auth/me", headers=headers)).json()
    assert (me["kind"], me["id"], me["account_id"]) == ("contact", ann, account)
    assert me["permissions"] == ["customer"]
    for path_of_the_desk in ("/v1/tickets", "/v1/accounts", "/v1/employees", path):
        refused = await desk.http.get(path_of_the_desk, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")
    assert (await desk.get(f"{path}/access"))["has_password"] is True
    assert (await desk.http.delete(f"{path}/access")).status_code == 204
    assert (await desk.http.get("/v1/auth/me", headers=headers)).status_code == 401
    assert (await _token(desk)).status_code == 401


async def test_an_invitation_is_good_once_and_for_three_days(desk: Any, runtime: Any) -> None:
    ann = await desk.contact(await desk.account(), ANN)
    first = await desk.post(f"/v1/contacts/{ann}/invitation")
    made = await desk.http.post(f"/v1/contacts/{ann}/invitation")
    second = made.json()
    assert made.headers["Cache-Control"] == "no-store"
    assert second["url"].endswith("#" + second["token"])
    assert second["token"] not in str(await desk.rows(Invitation))

    async with client(runtime, SERVICE, permissions=None) as anybody:

        async def accept(token: str) -> httpx.Response:
            body = {"token": token, "password": PASSWORD}
            answer: httpx.Response = await anybody.post("/v1/portal/invitations/accept", json=body)
            return answer

        replaced = await accept(first["token"])
        assert (replaced.status_code, replaced.json()["code"]) == (422, "invitation_invalid")
        assert (await accept(second["token"])).status_code == 204
        assert (await _token(desk)).status_code == 200
        assert (await accept(second["token"])).status_code == 422
        third = await desk.post(f"/v1/contacts/{ann}/invitation")
        async with runtime.db.unit_of_work() as uow:
            past = {"expires_at": runtime.clock() - timedelta(seconds=1)}
            await uow.session.execute(update(Invitation.__table__).values(past))
        assert (await accept(third["token"])).status_code == 422


async def test_an_address_of_an_employee_is_the_employees(desk: Any, sign_in: Any) -> None:
    ann = await desk.contact(await desk.account(), ANN)
    await desk.http.put(f"/v1/contacts/{ann}/password", json={"password": PASSWORD})
    mia = await desk.employee("Mia", ANN, password=PASSWORD + "!")
    assert (await _token(desk)).status_code == 401
    headers = await sign_in(ANN, PASSWORD + "!")
    assert (await desk.http.get("/v1/auth/me", headers=headers)).json()["id"] == mia
    refused = await desk.http.put(f"/v1/contacts/{ann}/password", json={"password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (409, "address_of_employee")
    await desk.patch(f"/v1/employees/{mia}", active=False)
    assert (await _token(desk)).status_code == 200


async def test_the_people_of_an_archived_account_do_not_sign_in(desk: Any, sign_in: Any) -> None:
    account = await desk.account()
    ann = await desk.contact(account, ANN)
    await desk.http.put(f"/v1/contacts/{ann}/password", json={"password": PASSWORD})
    assert (await _token(desk)).status_code == 200
    await desk.post(f"/v1/accounts/{account}/archive")
    assert (await _token(desk)).status_code == 401
    await desk.post(f"/v1/accounts/{account}/restore")
    assert (await _token(desk)).status_code == 200
    await desk.post(f"/v1/contacts/{ann}/archive")
    assert (await _token(desk)).status_code == 401
    nobody = await desk.post("/v1/contacts", account_id=account, name="Bob")
    without = await desk.http.post(f"/v1/contacts/{nobody['id']}/invitation")
    assert (without.status_code, without.json()["code"]) == (409, "contact_without_address")


async def test_customers_are_locked_out_and_change_their_password_like_employees(
    desk: Any, sign_in: Any
) -> None:
    ann = await desk.contact(await desk.account(), ANN)
    await desk.http.put(f"/v1/contacts/{ann}/password", json={"password": PASSWORD})
    headers = await sign_in(ANN, PASSWORD)
    change = {"old_password": PASSWORD, "new_password": PASSWORD + "!"}
    changed = await desk.http.post("/v1/auth/password", json=change, headers=headers)
    assert changed.status_code == 204
    statuses = [(await _token(desk)).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    await desk.http.put(f"/v1/contacts/{ann}/password", json={"password": PASSWORD})
    assert (await _token(desk)).status_code == 200
