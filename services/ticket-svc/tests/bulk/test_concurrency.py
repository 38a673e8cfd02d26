"""Bulks that overlap in opposite order wait for each other, and neither is ended for it."""

import asyncio
from typing import Any

import pytest

from patchbay_kit.testing.harness import client, make_runtime
from ticket_svc.definition import SERVICE

pytestmark = pytest.mark.integration
ROUNDS = 5


async def _both(http: Any, path: str, name: str, keys: list[str], action: Any) -> list[Any]:
    bodies = [{name: order, "action": action} for order in (keys, keys[::-1])]
    answers = await asyncio.gather(*(http.post(path, json=body) for body in bodies))
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    return [answer.json() for answer in answers]


async def test_bulks_of_the_same_records_in_opposite_order_both_end(
    pg_url: str, make_desk: Any
) -> None:
    async with make_runtime(SERVICE, pg_url) as runtime, client(runtime, SERVICE) as http:
        desk = make_desk(runtime, http)
        accounts = [await desk.account(f"A{n}") for n in range(10)]
        tickets = [await desk.ticket(each) for each in accounts * 2]
        keys = [t["number" if n % 2 else "id"] for n, t in enumerate(tickets)]
        contacts = [await desk.contact(each, "ann@acme.example") for each in accounts * 2]
        for n in range(ROUNDS):
            note = {"kind": "note", "text": f"Round {n}"}
            for answer in await _both(http, "/v1/tickets/bulk", "tickets", keys, note):
                assert answer["succeeded"] == len(keys)
            change = {"kind": "change", "fields": {"is_main": n % 2 == 0}}
            await _both(http, "/v1/contacts/bulk", "ids", contacts, change)
            named = {"kind": "change", "fields": {"note": str(n)}}
            await _both(http, "/v1/accounts/bulk", "ids", accounts, named)
        for each in tickets:
            assert len(await desk.history(each["id"], kind="note")) == 2 * ROUNDS


async def test_a_bulk_and_a_change_of_one_of_its_tickets_do_not_overwrite_each_other(
    pg_url: str, make_desk: Any
) -> None:
    async with make_runtime(SERVICE, pg_url) as runtime, client(runtime, SERVICE) as http:
        desk = make_desk(runtime, http)
        account = await desk.account()
        tickets = [await desk.ticket(account) for _ in range(10)]
        versions = {each["id"]: each["version"] for each in tickets}
        body = {"tickets": [*versions], "if_match": versions, "action": {"kind": "complete"}}
        last = tickets[-1]["id"]
        one, many = await asyncio.gather(
            http.patch(
                f"/v1/tickets/{last}",
                json={"priority": "high"},
                headers={"If-Match": f'"{versions[last]}"'},
            ),
            http.post("/v1/tickets/bulk", json=body),
        )
        statuses = [item["status"] for item in many.json()["items"]]
        assert statuses[:-1] == [200] * 9
        assert sorted([one.status_code, statuses[-1]]) == [200, 412]
