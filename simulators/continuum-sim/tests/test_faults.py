"""Injected faults that can be seen without a socket."""

import json

import httpx
import pytest


async def schedule(sim: httpx.AsyncClient, *faults: dict) -> None:
    answer = await sim.post("/__sim/faults", json=list(faults))
    assert answer.status_code == 201


async def raised(sim: httpx.AsyncClient) -> str:
    answer = await sim.post("/__sim/tickets", json={"summary": "s"})
    ticket_id: str = answer.json()["ticketId"]
    return ticket_id


async def status_of(sim: httpx.AsyncClient, ticket_id: str) -> str:
    answer = await sim.get(f"/psg/v1/tickets/{ticket_id}")
    status: str = answer.json()["status"]
    return status


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_the_next_calls_fail_without_effect(sim: httpx.AsyncClient, status: int) -> None:
    ticket_id = await raised(sim)
    await schedule(sim, {"kind": "status", "status": status, "times": 2})
    close = f"/psg/v1/tickets/{ticket_id}/close"
    answers = [await sim.post(close), await sim.post(close)]
    assert [answer.status_code for answer in answers] == [status, status]
    assert ("Retry-After" in answers[0].headers) == (status == 429)
    assert await status_of(sim, ticket_id) == "open"
    assert (await sim.post(close)).status_code == 200
    rows = (await sim.get("/__sim/log", params={"ticketId": ticket_id})).json()["items"]
    told = [(row["status"], row["fault"], row["effect"]) for row in rows if row["path"] == close]
    assert told == [(status, "status", None), (status, "status", None), (200, None, "close")]


async def test_a_fault_matches_method_and_path_and_may_let_calls_pass(
    sim: httpx.AsyncClient,
) -> None:
    await schedule(
        sim, {"kind": "status", "status": 502, "method": "get", "path": "*/queue", "skip": 1}
    )
    assert (await sim.get("/psg/v1/sites")).status_code == 200
    assert (await sim.get("/psg/v1/queue")).status_code == 200
    assert (await sim.get("/psg/v1/queue")).status_code == 502
    assert (await sim.get("/psg/v1/queue")).status_code == 200


async def test_truncated_json_has_the_effect_and_spoils_the_answer(sim: httpx.AsyncClient) -> None:
    ticket_id = await raised(sim)
    await schedule(sim, {"kind": "truncated_json"})
    answer = await sim.post(f"/psg/v1/tickets/{ticket_id}/close")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert await status_of(sim, ticket_id) == "closed"


async def test_an_html_body_comes_with_200_and_no_effect(sim: httpx.AsyncClient) -> None:
    ticket_id = await raised(sim)
    await schedule(sim, {"kind": "html"})
    answer = await sim.post(f"/psg/v1/tickets/{ticket_id}/close")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert await status_of(sim, ticket_id) == "open"


@pytest.mark.parametrize("kind", ["delay", "slow_success"])
async def test_a_late_answer_is_still_a_success(sim: httpx.AsyncClient, kind: str) -> None:
    ticket_id = await raised(sim)
    await schedule(sim, {"kind": kind, "seconds": 0.01})
    assert (await sim.post(f"/psg/v1/tickets/{ticket_id}/close")).status_code == 200


async def test_faults_can_be_listed_and_taken_back(sim: httpx.AsyncClient) -> None:
    await schedule(sim, {"kind": "reset"}, {"kind": "status", "times": 3})
    waiting = (await sim.get("/__sim/faults")).json()["items"]
    assert [(fault["kind"], fault["times"]) for fault in waiting] == [("reset", 1), ("status", 3)]
    assert (await sim.delete("/__sim/faults")).json() == {"removed": 2}
    assert (await sim.get("/psg/v1/queue")).status_code == 200


async def test_the_control_api_is_spared(sim: httpx.AsyncClient) -> None:
    await schedule(sim, {"kind": "status"})
    assert (await sim.get("/__sim/state")).json()["faultsWaiting"] == 1
