"""Charges over HTTP, and what they take of a block of hours."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from patchbay_contracts import (
    ChargeAdded,
    ChargeRemoved,
    ChargeUpdated,
    ContractExhausted,
    TicketUpdated,
)
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE
from ticket_svc.tickets.tables import Ticket


async def contract(desk: Any, account: str, **fields: Any) -> str:
    """The id of a new contract."""
    values = {"name": "Support", "kind": "time_and_materials", **fields}
    return str((await desk.post("/v1/contracts", account_id=account, **values))["id"])


async def ticket_under(desk: Any, contract_id: str, account: str, **fields: Any) -> str:
    """The path of the charges of a new ticket under the contract."""
    ticket = await desk.ticket(account, **fields)
    async with desk.runtime.db.unit_of_work() as uow:
        statement = update(Ticket.__table__).where(Ticket.__table__.c.id == ticket["id"])
        await uow.session.execute(statement.values(contract_id=contract_id))
    return f"/v1/tickets/{ticket['id']}/charges"


async def used(desk: Any, contract_id: str) -> int:
    """The contract's used minutes."""
    return int((await desk.get(f"/v1/contracts/{contract_id}"))["used_minutes"])


@pytest.mark.covers("S2-13", "S2-72")
async def test_work_expenses_and_parts_are_charged_with_exact_amounts_and_logged(
    desk: Any,
) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['number']}/charges"
    work = await desk.http.post(path, json={"kind": "work", "minutes": 90, "unit_price": "99.99"})
    assert work.status_code == 201
    assert work.json()["amount"] == "149.98"
    assert work.headers["ETag"] == '"1"'
    assert (await desk.get(work.headers["Location"]))["minutes"] == 90
    part = await desk.post(
        path, kind="part", quantity="2.5", unit_price="0.13", description="Cable"
    )
    assert (part["amount"], part["quantity"], part["contract_id"]) == ("0.32", "2.5", None)
    expense = await desk.post(path, kind="expense", unit_price="12", billable=False)
    assert (expense["amount"], expense["warnings"]) == ("12.00", [])
    entries = await desk.history(ticket["id"], kind="charge")
    assert [entry["text"] for entry in entries] == [
        "Work added: 90 minutes.",
        "Part added: 0.32.",
        "Expense added: 12.00.",
    ]
    assert not any(entry["public"] for entry in entries)
    assert entries[1]["data"]["description"] == "Cable"
    added = await desk.events(ChargeAdded)
    assert [(e.data.kind, e.data.amount, e.data.billable) for e in added] == [
        ("work", 14998, True),
        ("part", 32, True),
        ("expense", 1200, False),
    ]
    told = [e.data.changed for e in await desk.events(TicketUpdated)]
    assert told == [["charges"]] * 3


async def test_a_charge_is_changed_and_removed_and_the_history_keeps_it(desk: Any) -> None:
    ticket = await desk.ticket()
    made = await desk.post(f"/v1/tickets/{ticket['id']}/charges", kind="part", unit_price="5")
    path = f"/v1/charges/{made['id']}"
    changed = await desk.patch(path, quantity="3", description="Cable")
    assert (changed["amount"], changed["version"]) == ("15.00", 2)
    assert (await desk.patch(path, quantity="3"))["version"] == 2
    stale = await desk.http.delete(path, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    refused = await desk.http.patch(path, json={"minutes": 5})
    assert refused.json()["code"] == "minutes_not_allowed"
    assert (await desk.http.delete(path, headers={"If-Match": '"2"'})).status_code == 204
    assert (await desk.http.get(path)).status_code == 404
    (updated,) = await desk.events(ChargeUpdated)
    assert updated.data.changed == ["amount", "description", "quantity"]
    (removed,) = await desk.events(ChargeRemoved)
    assert (removed.data.amount, removed.aggregateversion) == (1500, 3)
    data = [entry["data"] for entry in await desk.history(ticket["id"], kind="charge")]
    assert [each["change"] for each in data] == ["added", "changed", "removed"]
    assert data[1]["old"] == {"amount": "5.00", "description": "", "quantity": "1"}
    assert data[1]["new"] == {"amount": "15.00", "description": "Cable", "quantity": "3"}
    terms = ("amount", "quantity", "unit_price", "billable", "description")
    assert [data[2][name] for name in terms] == ["15.00", "3", "5.00", True, "Cable"]


@pytest.mark.covers("S2-05", "S2-10", "X-21")
async def test_a_block_of_hours_is_used_given_back_and_exhausted_once_a_crossing(
    desk: Any,
) -> None:
    account = await desk.account()
    block = await contract(desk, account, kind="block_hours", block_minutes=100)
    path = await ticket_under(desk, block, account)
    first = await desk.post(path, kind="work", minutes=60)
    assert (first["contract_id"], first["warnings"]) == (block, [])
    assert first["remaining_minutes"] == 40
    await desk.post(path, kind="work", minutes=500, billable=False)
    await desk.post(path, kind="part", unit_price="9")
    assert await used(desk, block) == 60
    over = await desk.post(path, kind="work", minutes=50)
    assert [warning["code"] for warning in over["warnings"]] == ["used_up"]
    assert over["remaining_minutes"] == -10
    await desk.post(path, kind="work", minutes=5)
    assert len(await desk.events(ContractExhausted)) == 1
    await desk.patch(f"/v1/charges/{over['id']}", minutes=20)
    assert await used(desk, block) == 85
    await desk.patch(f"/v1/charges/{over['id']}", billable=False)
    assert await used(desk, block) == 65
    await desk.patch(f"/v1/charges/{over['id']}", billable=True, minutes=40)
    crossings = await desk.events(ContractExhausted)
    assert [event.data.charge_id for event in crossings] == [over["id"]] * 2
    versions = [event.aggregateversion for event in crossings]
    assert versions[0] < versions[1]
    await desk.http.delete(f"/v1/charges/{over['id']}")
    assert await used(desk, block) == 65


@pytest.mark.covers("X-21")
async def test_a_charge_goes_to_an_open_contract_of_the_account_only(desk: Any) -> None:
    account = await desk.account()
    block = await contract(desk, account, kind="block_hours", block_minutes=100)
    second = await contract(desk, account, kind="block_hours", block_minutes=100)
    other = await contract(desk, await desk.account("Other"))
    path = await ticket_under(desk, block, account)
    moved = await desk.post(path, kind="work", minutes=10)
    await desk.patch(f"/v1/charges/{moved['id']}", contract_id=second)
    assert (await used(desk, block), await used(desk, second)) == (0, 10)
    for contract_id, code in ((new_id(), "unknown"), (other, "of_other_account")):
        body = {"kind": "work", "minutes": 1, "contract_id": contract_id}
        refused = await desk.http.post(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, f"contract_{code}")
        body = {"contract_id": contract_id}
        refused = await desk.http.patch(f"/v1/charges/{moved['id']}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, f"contract_{code}")
    await desk.post(f"/v1/contracts/{block}/close")
    await desk.post(f"/v1/contracts/{second}/close")
    for method, url, body in (
        ("POST", path, {"kind": "work", "minutes": 1}),
        ("PATCH", f"/v1/charges/{moved['id']}", {"minutes": 5}),
        ("DELETE", f"/v1/charges/{moved['id']}", None),
    ):
        refused = await desk.http.request(method, url, json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "contract_closed")
    assert await used(desk, second) == 10


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "work"}, ""),
        ({"kind": "part", "minutes": 5}, ""),
        ({"kind": "work", "minutes": 5, "quantity": "2"}, ""),
        ({"kind": "work", "minutes": 2**31}, "/minutes"),
        ({"kind": "part", "unit_price": "1.005"}, "/unit_price"),
        ({"kind": "part", "unit_price": "-1"}, "/unit_price"),
        ({"kind": "part", "unit_price": 1.5}, "/unit_price"),
        ({"kind": "part", "quantity": "1e9"}, "/quantity"),
        ({"kind": "part", "performed_at": "0001-01-01T00:00:00Z"}, "/performed_at"),
        ({"kind": "part", "performed_at": "2026-11-20T08:00:00"}, "/performed_at"),
    ],
)
async def test_what_cannot_be_charged_is_refused(
    desk: Any, body: dict[str, Any], field: str
) -> None:
    ticket = await desk.ticket()
    answer = await desk.http.post(f"/v1/tickets/{ticket['id']}/charges", json=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


async def test_charges_are_listed_by_what_they_have_in_common(desk: Any) -> None:
    account = await desk.account()
    ticket = await desk.ticket(account)
    mia = await desk.employee("Mia", "mia@desk.example")
    path = f"/v1/tickets/{ticket['id']}/charges"
    at = "2026-11-19T08:00:00Z"
    work = await desk.post(path, kind="work", minutes=5, employee_id=mia, performed_at=at)
    part = await desk.post(path, kind="part", billable=False)
    await desk.post(f"/v1/tickets/{(await desk.ticket())['id']}/charges", kind="part")

    async def listed(**params: Any) -> list[str]:
        return [each["id"] for each in (await desk.get("/v1/charges", **params))["items"]]

    assert await listed(account_id=account) == [part["id"], work["id"]]
    assert await listed(employee_id=mia) == [work["id"]]
    assert await listed(ticket_id=ticket["id"], billable=False) == [part["id"]]
    assert await listed(account_id=account, kind="work") == [work["id"]]
    assert await listed(performed_from=at, performed_to="2026-11-19T09:00:00Z") == [work["id"]]
    assert await listed(performed_to=at) == []
    assert len(await listed()) == 3
    first = await desk.get(path, limit=1)
    rest = await desk.get(path, limit=1, cursor=first["next_cursor"])
    assert [each["id"] for each in first["items"] + rest["items"]] == [part["id"], work["id"]]
    unknown = {"kind": "part", "employee_id": new_id()}
    assert (await desk.http.post(path, json=unknown)).json()["code"] == "employee_unknown"


@pytest.mark.covers("S2-27")
async def test_who_does_not_see_the_ticket_sees_no_charge_of_it(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    hers, others = await desk.ticket(manager_id=mia), await desk.ticket()
    mine = await desk.post(f"/v1/tickets/{hers['id']}/charges", kind="part")
    hidden = await desk.post(f"/v1/tickets/{others['id']}/charges", kind="part")
    async with client(desk.runtime, SERVICE, principal=make_principal({"desk"}, id=mia)) as http:
        listed = (await http.get("/v1/charges")).json()["items"]
        assert [each["id"] for each in listed] == [mine["id"]]
        assert (await http.get(f"/v1/charges/{mine['id']}")).status_code == 200
        path, tickets = f"/v1/charges/{hidden['id']}", f"/v1/tickets/{others['id']}/charges"
        answers = [
            await http.get(path),
            await http.patch(path, json={"description": "x"}),
            await http.delete(path),
            await http.get(tickets),
            await http.post(tickets, json={"kind": "part"}),
        ]
        assert [each.status_code for each in answers] == [404] * 5
        created = await http.post(f"/v1/tickets/{hers['id']}/charges", json={"kind": "part"})
        assert created.json()["employee_id"] == mia


@pytest.mark.covers("X-21")
async def test_charges_at_once_leave_the_used_minutes_exact_and_exhaust_the_block_once(
    desk: Any,
) -> None:
    account = await desk.account()
    block = await contract(desk, account, kind="block_hours", block_minutes=100)
    paths = [await ticket_under(desk, block, account) for _ in range(4)]
    body = {"kind": "work", "minutes": 7}
    answers = await asyncio.gather(
        *(desk.http.post(paths[number % 4], json=body) for number in range(20))
    )
    assert [answer.status_code for answer in answers] == [201] * 20
    assert await used(desk, block) == 140
    assert len(await desk.events(ContractExhausted)) == 1
