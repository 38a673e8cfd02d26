"""Contracts over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from patchbay_contracts import ContractCreated, ContractUpdated
from patchbay_kit.clock import utc_now
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import client
from ticket_svc.contracts.reading import contract_named, default_contracts
from ticket_svc.definition import SERVICE


async def contract(desk: Any, account: str, **fields: Any) -> dict[str, Any]:
    """A new contract of the account."""
    values = {"name": "Support", "kind": "time_and_materials", **fields}
    return dict(await desk.post("/v1/contracts", account_id=account, **values))


@pytest.mark.covers("S2-10", "X-21")
async def test_a_contract_is_made_read_changed_closed_and_archived(desk: Any) -> None:
    account = await desk.account()
    body = {"account_id": account, "name": "Block", "kind": "block_hours", "block_minutes": 600}
    made = await desk.http.post("/v1/contracts", json=body)
    assert made.status_code == 201
    path = made.headers["Location"]
    assert made.headers["ETag"] == '"1"'
    assert made.json()["remaining_minutes"] == 600
    assert made.json()["warnings"] == []
    ends = (utc_now() + timedelta(days=10)).date().isoformat()
    changed = await desk.patch(path, ends_on=ends, block_minutes=300)
    assert [warning["code"] for warning in changed["warnings"]] == ["ends_soon"]
    assert await desk.patch(path, ends_on=ends) == changed
    stale = await desk.http.patch(path, json={"note": "x"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    assert (await desk.post(f"{path}/close"))["closed_at"] is not None
    assert (await desk.post(f"{path}/close"))["version"] == 3
    assert (await desk.post(f"{path}/reopen"))["closed_at"] is None
    await desk.post(f"{path}/archive")
    assert (await desk.get("/v1/contracts", account_id=account))["items"] == []
    (archived,) = (await desk.get("/v1/contracts", archived=True, q="Blo"))["items"]
    assert archived == await desk.get(path)
    await desk.post(f"{path}/restore")
    (created,) = await desk.events(ContractCreated)
    assert (created.data.block_minutes, created.aggregateversion) == (600, 1)
    told = [(e.data.changed, e.aggregateversion) for e in await desk.events(ContractUpdated)]
    assert told == [
        (["block_minutes", "ends_on"], 2),
        (["closed"], 3),
        (["closed"], 4),
        (["archived"], 5),
        (["archived"], 6),
    ]


async def test_an_account_has_one_default_contract_and_new_tickets_are_told_of_it(
    desk: Any,
) -> None:
    account, other = await desk.account(), await desk.account("Other")
    first = await contract(desk, account, is_default=True)
    second = await contract(desk, account, is_default=True)
    assert (await desk.get(f"/v1/contracts/{first['id']}"))["is_default"] is False

    async def defaults() -> dict[str, str]:
        async with desk.runtime.db.read() as session:
            return await default_contracts(session, [account, other, account])

    assert await defaults() == {account: second["id"]}
    await desk.patch(f"/v1/contracts/{first['id']}", is_default=True)
    assert await defaults() == {account: first["id"]}
    await desk.post(f"/v1/contracts/{first['id']}/close")
    assert await defaults() == {}
    refused = await desk.http.patch(
        f"/v1/contracts/{first['id']}", json={"is_default": False, "name": "x"}
    )
    assert refused.status_code == 200
    refused = await desk.http.patch(f"/v1/contracts/{first['id']}", json={"is_default": True})
    assert refused.json()["code"] == "contract_closed"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"account_id": new_id()}, "account_unknown", "/account_id"),
        ({"kind": "block_hours"}, "block_minutes_missing", "/block_minutes"),
        ({"block_minutes": 5}, "block_minutes_not_allowed", "/block_minutes"),
        (
            {"starts_on": "2026-02-02", "ends_on": "2026-02-01"},
            "contract_ends_before_start",
            "/ends_on",
        ),
        ({"ends_on": "9999-12-31"}, "validation_failed", "/ends_on"),
        ({"kind": "free"}, "validation_failed", "/kind"),
        ({"price": 5}, "validation_failed", "/price"),
    ],
)
async def test_terms_that_make_no_sense_are_refused(
    desk: Any, fields: dict[str, Any], code: str, field: str
) -> None:
    body = {"account_id": await desk.account(), "name": "x", "kind": "fixed", **fields}
    answer = await desk.http.post("/v1/contracts", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["field"] == field


@pytest.mark.covers("X-21")
async def test_something_new_is_billed_to_an_open_contract_of_its_account_only(desk: Any) -> None:
    account = await desk.account()
    other = await contract(desk, await desk.account("Other"))
    closed, archived, good = [await contract(desk, account) for _ in range(3)]
    await desk.post(f"/v1/contracts/{closed['id']}/close")
    await desk.post(f"/v1/contracts/{archived['id']}/archive")
    cases = {
        new_id(): "contract_unknown",
        other["id"]: "contract_of_other_account",
        closed["id"]: "contract_closed",
        archived["id"]: "contract_archived",
    }
    async with desk.runtime.db.read() as session:
        for contract_id, code in cases.items():
            with pytest.raises(Exception, match=code):
                await contract_named(session, contract_id, account)
        assert (await contract_named(session, good["id"], account)).id == good["id"]


async def test_the_desk_reads_contracts_and_needs_a_permission_to_write_them(desk: Any) -> None:
    made = await contract(desk, await desk.account())
    path = f"/v1/contracts/{made['id']}"
    async with client(desk.runtime, SERVICE, permissions={"desk"}) as http:
        assert (await http.get(path)).status_code == 200
        assert (await http.patch(path, json={"note": "x"})).status_code == 403
        assert (await http.post(f"{path}/close")).status_code == 403
    assert (await desk.http.get(f"/v1/contracts/{new_id()}")).status_code == 404
    assert (await desk.http.get("/v1/contracts/none")).status_code == 404
