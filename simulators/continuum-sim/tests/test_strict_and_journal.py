"""Strict mode and the request journal."""

import httpx


async def log(sim: httpx.AsyncClient, **query: object) -> list[dict]:
    answer = await sim.get("/__sim/log", params=query)
    assert answer.status_code == 200
    return answer.json()["items"]


async def test_unknown_paths_methods_and_fields_are_violations(sim: httpx.AsyncClient) -> None:
    ticket_id = (await sim.post("/__sim/tickets", json={"summary": "s"})).json()["ticketId"]
    close = f"/psg/v1/tickets/{ticket_id}/close"
    answers = [
        await sim.get("/psg/v2/queue"),
        await sim.put("/psg/v1/queue"),
        await sim.get("/psg/v1/queue", params={"limit": 5}),
        await sim.post(close, json={"comment": "x"}),
        await sim.post("/psg/v1/tickets", json={"summary": "s", "site_id": "S"}),
        await sim.post(close, content="{", headers={"Content-Type": "application/json"}),
    ]
    assert [answer.status_code for answer in answers] == [400] * 6
    violations = await log(sim, violations=True)
    assert len(violations) == 6
    assert "comment" in violations[3]["violation"]
    assert (await sim.get("/__sim/state")).json()["violations"] == 6
    assert (await sim.get(f"/psg/v1/tickets/{ticket_id}")).json()["status"] == "open"


async def test_a_refusal_that_the_contract_foresees_is_no_violation(
    sim: httpx.AsyncClient,
) -> None:
    await sim.post("/psg/v1/tickets/none/close")
    await sim.get("/psg/v1/queue", headers={"X-PSG-Code": "wrong"})
    assert await log(sim, violations=True) == []
    assert [(row["status"], row["code"]) for row in await log(sim)] == [
        (404, "unknown_ticket"),
        (401, "psg_invalid"),
    ]


async def test_the_journal_tells_calls_and_effects_in_order(sim: httpx.AsyncClient) -> None:
    ticket_id = (await sim.post("/__sim/tickets", json={"summary": "s"})).json()["ticketId"]
    batch = (await sim.get("/psg/v1/queue")).json()
    await sim.post(f"/psg/v1/queue/{batch['batchId']}/ack")
    await sim.post(f"/psg/v1/tickets/{ticket_id}/close")
    await sim.post(f"/psg/v1/tickets/{ticket_id}/close")
    rows = await log(sim)
    assert [row["effect"] for row in rows] == ["raise:1", "lease:1", "ack:1", "close", None]
    assert [row["status"] for row in rows] == [201, 200, 200, 200, 409]
    assert rows[4]["code"] == "already_closed"
    assert [row["seq"] for row in rows] == [1, 2, 3, 4, 5]


async def test_the_journal_is_filtered_by_ticket_path_and_position(sim: httpx.AsyncClient) -> None:
    made = await sim.post("/__sim/tickets", json=[{"summary": "a"}, {"summary": "b"}])
    first, second = made.json()["ticketIds"]
    await sim.post(f"/psg/v1/tickets/{first}/close")
    await sim.post(f"/psg/v1/tickets/{second}/close")
    assert [row["ticketId"] for row in await log(sim, ticketId=first)] == [first]
    closes = await log(sim, path="/psg/*/close")
    assert [row["ticketId"] for row in closes] == [first, second]
    assert [row["seq"] for row in await log(sim, after=2)] == [3]
    assert len(await log(sim, limit=1)) == 1


async def test_time_can_be_advanced_set_and_frozen(sim: httpx.AsyncClient, clock) -> None:
    answer = await sim.post("/__sim/clock", json={"advance": 3600})
    assert answer.json() == {"now": "2030-01-15T11:05:00.000Z", "frozen": False}
    clock.advance(minutes=1)
    assert (await sim.get("/__sim/state")).json()["now"] == "2030-01-15T11:06:00.000Z"
    await sim.post("/__sim/clock", json={"set": "2031-01-01T00:00:00+02:00", "freeze": True})
    clock.advance(minutes=1)
    assert (await sim.get("/__sim/state")).json()["now"] == "2030-12-31T22:00:00.000Z"
