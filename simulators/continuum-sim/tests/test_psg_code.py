"""Wrong, pending and accepted PSG codes."""

import httpx
import pytest

from continuum_sim import Settings, StartRefusedError, create_app


async def test_a_missing_or_wrong_code_is_401(sim: httpx.AsyncClient) -> None:
    for code in ("", "wrong", "PSG-OF-THE-TEST"):
        answer = await sim.get("/psg/v1/queue", headers={"X-PSG-Code": code})
        assert (answer.status_code, answer.json()["code"]) == (401, "psg_invalid")


async def test_the_right_code_is_403_until_the_settings_have_propagated(
    sim: httpx.AsyncClient, clock
) -> None:
    await sim.post("/__sim/psg", json={"pendingSeconds": 86_400})
    pending = await sim.get("/psg/v1/queue")
    assert (pending.status_code, pending.json()["code"]) == (403, "psa_settings_pending")
    wrong = await sim.get("/psg/v1/queue", headers={"X-PSG-Code": "wrong"})
    assert wrong.status_code == 401
    clock.advance(hours=23, minutes=59)
    assert (await sim.get("/psg/v1/sites")).status_code == 403
    clock.advance(minutes=1)
    assert (await sim.get("/psg/v1/sites")).status_code == 200


async def test_a_changed_code_replaces_the_old_one(sim: httpx.AsyncClient) -> None:
    await sim.post("/__sim/psg", json={"code": "next"})
    assert (await sim.get("/psg/v1/queue")).status_code == 401
    assert (await sim.get("/psg/v1/queue", headers={"X-PSG-Code": "next"})).status_code == 200


def test_without_a_code_only_the_demo_starts() -> None:
    with pytest.raises(StartRefusedError, match="PSG code"):
        create_app(Settings())
    demo = create_app(Settings(scenario="demo")).state.simulator
    assert len(demo.psg.code) >= 12
    demo.close()


async def test_no_call_tells_the_code(sim: httpx.AsyncClient) -> None:
    await sim.get("/psg/v1/queue")
    for path in ("/__sim/state", "/__sim/log"):
        assert "psg-of-the-test" not in (await sim.get(path)).text
