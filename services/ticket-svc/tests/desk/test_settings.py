"""The desk's settings over HTTP."""

from typing import Any

import pytest

from patchbay_kit.testing.harness import client
from ticket_svc.definition import SERVICE

MISSING = "01890000-0000-7000-8000-00000000000f"


async def test_settings_can_be_changed_one_by_one(desk: Any) -> None:
    before = await desk.get("/v1/settings")
    mia = await desk.employee("Mia", "mia@desk.example")
    own = await desk.account("We, Inc.")
    changes = {
        "default_manager_id": mia,
        "own_account_id": own,
        "support_address": "Help@desk.example",
        "internal_address": "team@desk.example",
        "auto_answer": False,
    }
    for name, value in changes.items():
        await desk.patch("/v1/settings", **{name: value})
    after = {**before, **changes, "support_address": "help@desk.example"}
    assert await desk.get("/v1/settings") == after
    assert (await desk.patch("/v1/settings", internal_address=None))["internal_address"] is None


@pytest.mark.covers("S4-49")
async def test_the_support_address_may_be_nobody_elses(desk: Any) -> None:
    account = await desk.account("ACME", email2="info@acme.example")
    await desk.contact(account, "ann@acme.example")
    await desk.employee("Mia", "mia@desk.example")
    for address, holder in (
        ("info@acme.example", "account"),
        ("Ann@acme.example", "contact"),
        ("mia@desk.example", "employee"),
    ):
        refused = await desk.http.patch("/v1/settings", json={"support_address": address})
        assert (refused.status_code, refused.json()["code"]) == (409, "support_address_taken")
        assert refused.json()["holder"] == holder


async def test_settings_that_make_no_sense_are_refused(desk: Any) -> None:
    support = (await desk.get("/v1/settings"))["support_address"]
    gone = await desk.employee("Gone", "gone@desk.example")
    await desk.patch(f"/v1/employees/{gone}", active=False)
    archived = await desk.account("Gone, Inc.")
    await desk.post(f"/v1/accounts/{archived}/archive")
    before = await desk.get("/v1/settings")
    for body, code in (
        ({"own_account_id": MISSING}, "account_unknown"),
        ({"own_account_id": archived}, "account_archived"),
        ({"default_manager_id": MISSING}, "manager_unknown"),
        ({"default_manager_id": gone}, "manager_unknown"),
        ({"internal_address": support}, "addresses_equal"),
        ({"support_address": "no address"}, "validation_failed"),
        ({"support_address": None}, "validation_failed"),
        ({"auto_answer_cap_per_hour": -1}, "validation_failed"),
        ({"own_account_id": "x"}, "validation_failed"),
        ({"colour": "red"}, "validation_failed"),
    ):
        refused = await desk.http.patch("/v1/settings", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, code), body
    assert await desk.get("/v1/settings") == before


async def test_changing_settings_needs_a_permission_of_its_own(desk: Any, runtime: Any) -> None:
    async with client(runtime, SERVICE, permissions={"desk"}) as http:
        assert (await http.get("/v1/settings")).status_code == 200
        assert (await http.patch("/v1/settings", json={})).status_code == 403


async def test_two_people_who_change_the_settings_overwrite_nothing_of_each_other(
    desk: Any,
) -> None:
    read = await desk.http.get("/v1/settings")
    mine = {"If-Match": read.headers["ETag"]}
    first = await desk.http.patch("/v1/settings", json={"auto_answer": False}, headers=mine)
    assert first.status_code == 200
    assert first.headers["ETag"] != read.headers["ETag"]
    late = await desk.http.patch("/v1/settings", json={"auto_answer": True}, headers=mine)
    assert (late.status_code, late.json()["code"]) == (412, "version_mismatch")
    assert late.headers["ETag"] == first.headers["ETag"]
    same = await desk.http.patch("/v1/settings", json={"auto_answer": False})
    assert same.headers["ETag"] == first.headers["ETag"]
    again = await desk.http.get("/v1/settings")
    assert (again.headers["ETag"], again.json()) == (first.headers["ETag"], first.json())
