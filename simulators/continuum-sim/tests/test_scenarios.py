"""The storm and the demo."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from continuum_sim import Settings, create_app


async def drain(client: httpx.AsyncClient) -> list[dict]:
    items: list[dict] = []
    while batch := (await client.get("/psg/v1/queue?max=500")).json():
        if not batch["items"]:
            return items
        items += batch["items"]
        await client.post(f"/psg/v1/queue/{batch['batchId']}/ack")
    return items


async def storm(sim: httpx.AsyncClient, **fields: object) -> dict:
    answer = await sim.post("/__sim/scenario", json={"name": "storm", **fields})
    assert answer.status_code == 200
    return answer.json()


async def test_a_storm_holds_everything_that_goes_wrong(sim: httpx.AsyncClient) -> None:
    told = await storm(sim, seed=7, tickets=1000)
    items = await drain(sim)
    assert len(items) == told["deliveries"] > 1000
    assert {item["ticketId"] for item in items} == set(told["ticketIds"])
    again = len(items) - len({item["seq"] for item in items})
    assert again == told["duplicatesSameSeq"] > 0
    assert told["duplicatesNewSeq"] > 0
    tickets = {item["ticketId"]: item for item in items}
    sites = Counter(item.get("siteId") for item in tickets.values())
    assert sites[None] == told["ticketsWithoutSite"] > 0
    assert set(told["unknownSiteIds"]) == set(sites) - set(told["siteIds"]) - {None}
    assert [item["seq"] for item in items] != sorted(item["seq"] for item in items)
    names = {item["siteId"]: item["siteName"] for item in items if "siteId" in item}
    for first, second in told["sameNameSiteIds"]:
        assert names[first] == names[second]


async def test_the_unknown_sites_of_a_storm_are_in_no_list(sim: httpx.AsyncClient) -> None:
    told = await storm(sim, tickets=200)
    listed = (await sim.get("/psg/v1/sites")).text
    assert told["unknownSiteIds"]
    assert all(f'id="{site}"' in listed for site in told["siteIds"])
    assert not any(site in listed for site in told["unknownSiteIds"])


async def test_the_same_seed_gives_the_same_storm(clock) -> None:
    storms = []
    for seed in (3, 3, 4):
        app = create_app(Settings(psg_code="p", wall_clock=clock))
        transport = httpx.ASGITransport(app)
        headers = {"X-PSG-Code": "p"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://s", headers=headers
        ) as sim:
            await storm(sim, seed=seed, tickets=300)
            storms.append(await drain(sim))
        app.state.simulator.close()
    assert storms[0] == storms[1]
    assert storms[0] != storms[2]


async def test_the_demo_goes_on_after_a_restart_where_it_was(tmp_path: Path, clock) -> None:
    def steps(state: Path, *runs: int) -> list[tuple]:
        code = None
        for count in runs:
            sim = create_app(Settings(scenario="demo", state_file=state, wall_clock=clock)).state
            assert code in (None, sim.simulator.psg.code)
            code = sim.simulator.psg.code
            for _ in range(count):
                with sim.simulator.store.transaction():
                    sim.simulator.demo.step()
            rows = sim.simulator.store.rows("SELECT id, summary, site_id, status FROM ticket")
            sim.simulator.close()
        return [tuple(row) for row in rows]

    assert steps(tmp_path / "a", 30) == steps(tmp_path / "b", 11, 19)


async def test_the_demo_raises_alerts_while_the_application_runs_and_ends_with_it(
    clock,
) -> None:
    app = create_app(Settings(scenario="demo", interval_seconds=0.005, wall_clock=clock))
    headers = {"X-PSG-Code": app.state.simulator.psg.code}
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://s", headers=headers) as sim,
    ):
        async with asyncio.timeout(5):
            while (await sim.get("/__sim/state")).json()["demoSteps"] < 20:
                await asyncio.wait([asyncio.ensure_future(asyncio.to_thread(int))])
        kinds = Counter(item["kind"] for item in await drain(sim))
        assert kinds["ticket_created"] >= 15
        assert len(kinds) >= 2
        await sim.post("/__sim/scenario", json={"name": "none"})
        stopped = (await sim.get("/__sim/state")).json()
        assert stopped["scenario"] == "none"
    running = [task for task in asyncio.all_tasks() if task.get_name() == "continuum-sim demo"]
    assert running == []


async def test_the_demo_can_be_started_at_run_time(sim: httpx.AsyncClient) -> None:
    answer = await sim.post("/__sim/scenario", json={"name": "demo", "interval": 5})
    assert answer.json() == {"scenario": "demo", "interval": 5.0}
    state = (await sim.get("/__sim/state")).json()
    assert (state["sites"], state["devices"]) == (4, 6)


@pytest.mark.parametrize("field", ["ticket", "Tickets"])
async def test_a_misspelt_parameter_of_a_scenario_is_refused(
    sim: httpx.AsyncClient, field: str
) -> None:
    answer = await sim.post("/__sim/scenario", json={"name": "storm", field: 5})
    assert answer.status_code == 400
