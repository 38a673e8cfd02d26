"""Leases, acknowledgements and redelivery."""

import time

import httpx
import pytest


async def raise_tickets(sim: httpx.AsyncClient, count: int) -> None:
    tickets = [{"summary": f"Alert {number}"} for number in range(count)]
    answer = await sim.post("/__sim/tickets", json=tickets)
    assert answer.json()["count"] == count


async def lease(sim: httpx.AsyncClient, count: int = 50) -> dict:
    answer = await sim.get("/psg/v1/queue", params={"max": count})
    assert answer.status_code == 200
    return answer.json()


def seqs(batch: dict) -> list[int]:
    return [item["seq"] for item in batch["items"]]


async def test_a_leased_update_is_not_given_out_twice_while_leased(sim: httpx.AsyncClient) -> None:
    await raise_tickets(sim, 5)
    first, second, third = await lease(sim, 2), await lease(sim, 2), await lease(sim, 2)
    assert [seqs(first), seqs(second), seqs(third)] == [[1, 2], [3, 4], [5]]
    assert first["leaseUntil"] == "2030-01-15T10:05:30.000Z"


async def test_an_unacknowledged_lease_comes_back_and_an_acknowledged_one_does_not(
    sim: httpx.AsyncClient, clock
) -> None:
    await raise_tickets(sim, 4)
    kept, lost = await lease(sim, 2), await lease(sim, 2)
    done = await sim.post(f"/psg/v1/queue/{kept['batchId']}/ack")
    assert done.json() == {"acknowledged": 2}
    clock.advance(seconds=29)
    assert (await lease(sim))["items"] == []
    clock.advance(seconds=1)
    again = await lease(sim)
    assert again["items"] == lost["items"]
    assert again["batchId"] != lost["batchId"]


async def test_acknowledging_what_is_not_leased_is_409(sim: httpx.AsyncClient, clock) -> None:
    async def code(batch_id: str) -> str:
        answer = await sim.post(f"/psg/v1/queue/{batch_id}/ack")
        assert answer.status_code == 409
        return answer.json()["code"]

    await raise_tickets(sim, 2)
    first, second = await lease(sim, 1), await lease(sim, 1)
    await sim.post(f"/psg/v1/queue/{first['batchId']}/ack")
    clock.advance(seconds=30)
    assert await code(first["batchId"]) == "already_acknowledged"
    assert await code(second["batchId"]) == "lease_expired"
    assert await code("nonsense") == "unknown_batch"
    assert seqs(await lease(sim)) == [2]


async def test_an_empty_lease_may_be_acknowledged(sim: httpx.AsyncClient) -> None:
    empty = await lease(sim)
    assert empty["items"] == []
    answer = await sim.post(f"/psg/v1/queue/{empty['batchId']}/ack")
    assert answer.json() == {"acknowledged": 0}


@pytest.mark.parametrize(("asked", "status"), [("0", 400), ("501", 400), ("x", 400), ("500", 200)])
async def test_max_is_between_1_and_500(sim: httpx.AsyncClient, asked: str, status: int) -> None:
    assert (await sim.get("/psg/v1/queue", params={"max": asked})).status_code == status


@pytest.mark.slow
async def test_a_backlog_of_10000_is_served_at_5000_updates_a_second(
    sim: httpx.AsyncClient,
) -> None:
    started = time.perf_counter()
    await raise_tickets(sim, 10_000)
    assert time.perf_counter() - started < 5
    started, seen = time.perf_counter(), set()
    while batch := await lease(sim, 500):
        if not batch["items"]:
            break
        seen.update(seqs(batch))
        await sim.post(f"/psg/v1/queue/{batch['batchId']}/ack")
    assert len(seen) == 10_000
    assert 10_000 / (time.perf_counter() - started) > 5_000


async def test_the_state_counts_what_waits_is_leased_and_was_acknowledged(
    sim: httpx.AsyncClient,
) -> None:
    await raise_tickets(sim, 6)
    done = await lease(sim, 1)
    await sim.post(f"/psg/v1/queue/{done['batchId']}/ack")
    await lease(sim, 2)
    state = (await sim.get("/__sim/state")).json()
    assert state["queue"] == {"waiting": 3, "leased": 2, "acknowledged": 1}
