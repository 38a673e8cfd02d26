"""The simulator as a process: kill -9, cut sockets, start and stop."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.integration

Start = Callable[..., Any]


def drain(client: httpx.Client) -> list[dict]:
    items: list[dict] = []
    while batch := client.get("/psg/v1/queue?max=500").json():
        if not batch["items"]:
            break
        items += batch["items"]
        client.post(f"/psg/v1/queue/{batch['batchId']}/ack").raise_for_status()
    return items


def test_kill_9_loses_nothing_that_was_answered(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "sim.db"
    answered: set[str] = set()
    for _ in range(3):
        sim = start(state)
        reached = threading.Event()

        def keep_raising(sim=sim, reached=reached) -> None:
            begun = len(answered)
            try:
                while True:
                    made = sim.client.post("/__sim/tickets", json={"summary": "s"}).json()
                    closed = sim.client.post(f"/psg/v1/tickets/{made['ticketId']}/close")
                    assert closed.status_code == 200
                    answered.add(made["ticketId"])
                    if len(answered) - begun >= 30:
                        reached.set()
            except httpx.TransportError:
                return

        writer = threading.Thread(target=keep_raising)
        writer.start()
        assert reached.wait(20)
        sim.process.kill()
        writer.join(20)
    sim = start(state)
    proof = sim.client.get("/__sim/effects").json()
    closed = {t["ticketId"] for t in proof["tickets"] if t["closesApplied"] == 1}
    assert len(answered) >= 90
    assert answered <= closed
    assert proof["summary"]["closedMoreThanOnce"] == 0
    queued = [item["ticketId"] for item in drain(sim.client)]
    assert len(queued) == len(set(queued))
    assert answered <= set(queued)
    rows = sim.client.get("/__sim/log", params={"path": "*/close", "limit": 9999}).json()["items"]
    assert {row["ticketId"] for row in rows if row["effect"] == "close"} == closed


def test_a_lease_survives_kill_9_and_its_acknowledgement_too(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "sim.db"
    sim = start(state)
    sim.client.post("/__sim/tickets", json=[{"summary": "a"}, {"summary": "b"}])
    first = sim.client.get("/psg/v1/queue?max=1").json()
    second = sim.client.get("/psg/v1/queue?max=1").json()
    sim.client.post(f"/psg/v1/queue/{first['batchId']}/ack").raise_for_status()
    sim.kill()
    sim = start(state)
    assert sim.client.get("/psg/v1/queue").json()["items"] == []
    sim.client.post("/__sim/clock", json={"advance": 31})
    assert [item["seq"] for item in drain(sim.client)] == [second["items"][0]["seq"]]


def test_a_reset_has_no_effect_and_a_cut_success_has_one(start: Start) -> None:
    sim = start()
    made = sim.client.post("/__sim/tickets", json=[{"summary": "a"}, {"summary": "b"}]).json()
    reset, cut = made["ticketIds"]
    faults = [{"kind": "reset"}, {"kind": "slow_success", "cut": True}]
    sim.client.post("/__sim/faults", json=faults).raise_for_status()
    for ticket_id in (reset, cut):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            sim.client.post(f"/psg/v1/tickets/{ticket_id}/close", json={"note": "x"})
    tickets = sim.client.get("/__sim/effects").json()["tickets"]
    assert [t["closesApplied"] for t in tickets] == [0, 1]
    assert sim.client.post(f"/psg/v1/tickets/{cut}/close").json()["code"] == "already_closed"


def test_an_answer_cut_in_its_middle_has_its_effect(start: Start) -> None:
    sim = start()
    ticket_id = sim.client.post("/__sim/tickets", json={"summary": "a"}).json()["ticketId"]
    sim.client.post("/__sim/faults", json={"kind": "truncated_json", "cut": True})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        sim.client.post(f"/psg/v1/tickets/{ticket_id}/close")
    assert sim.client.get(f"/psg/v1/tickets/{ticket_id}").json()["closedBy"] == "psa"


def test_a_slow_success_outlasts_the_client(start: Start) -> None:
    sim = start()
    ticket_id = sim.client.post("/__sim/tickets", json={"summary": "a"}).json()["ticketId"]
    sim.client.post("/__sim/faults", json={"kind": "slow_success", "seconds": 60})
    with pytest.raises(httpx.ReadTimeout):
        sim.client.post(f"/psg/v1/tickets/{ticket_id}/close", timeout=0.3)
    assert sim.client.get(f"/psg/v1/tickets/{ticket_id}").json()["status"] == "closed"
    assert sim.terminate() in (0, -15)


def test_a_demo_process_tells_its_code_and_goes_on_after_a_stop(
    start: Start, tmp_path: Path
) -> None:
    state = tmp_path / "sim.db"
    first = start(state, "--scenario", "demo", "--interval", "600", psg=None)
    assert first.client.get("/psg/v1/sites").status_code == 200
    assert first.terminate() in (0, -15)
    second = start(state, psg=None)
    assert second.ready["psgCode"] == first.ready["psgCode"]
    assert second.client.get("/__sim/state").json()["scenario"] == "demo"


def test_a_second_process_on_the_same_state_is_refused(start: Start, tmp_path: Path) -> None:
    start(tmp_path / "sim.db")
    with pytest.raises(RuntimeError, match="locked"):
        start(tmp_path / "sim.db")


def test_a_start_without_a_code_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "continuum_sim"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "PSG code" in done.stderr
