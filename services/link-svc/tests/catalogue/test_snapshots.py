"""Snapshots of inventories arrive in parts, late, twice and out of order."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


async def listed(desk: Any, connection: str, *, gone: bool = False) -> list[str]:
    params = {"connection_id": connection, "gone": gone}
    answer = await desk.get("/v1/catalogue/sites", params=params)
    assert answer.status_code == 200, answer.text
    return [site["remote_site_id"] for site in answer.json()["items"]]


async def test_nothing_is_gone_while_a_part_is_missing(take: Any, desk: Any, events: Any) -> None:
    await take(events.sites(["a", "b"], snapshot=1))
    await take(events.sites(["a"], snapshot=2, part=1, parts=2))
    assert await listed(desk, events.connection) == ["a", "b"]
    await take(events.sites(["c"], snapshot=2, part=2, parts=2))
    assert await listed(desk, events.connection) == ["a", "c"]
    assert await listed(desk, events.connection, gone=True) == ["b"]


async def test_older_snapshot_that_arrives_late_changes_nothing(
    take: Any, desk: Any, events: Any
) -> None:
    await take(events.sites(["a"], snapshot=2))
    await take(events.sites(["a", "b"], snapshot=1))
    assert await listed(desk, events.connection) == ["a"]
    assert await listed(desk, events.connection, gone=True) == ["b"]


async def test_gone_site_that_is_listed_again_is_back(take: Any, desk: Any, events: Any) -> None:
    for snapshot, ids in enumerate((["a", "b"], ["a"], ["a", "b"]), start=1):
        await take(events.sites(ids, snapshot=snapshot))
    assert await listed(desk, events.connection) == ["a", "b"]


@pytest.mark.covers("S1-88")
async def test_freshness_is_the_time_of_the_last_complete_snapshot(
    take: Any, desk: Any, events: Any
) -> None:
    params = {"connection_id": events.connection}
    await take(events.sites(["a"], part=1, parts=2))
    (state,) = (await desk.get("/v1/catalogue/freshness", params=params)).json()["items"]
    assert state["complete_at"] is None
    await take(events.sites([], part=2, parts=2))
    (state,) = (await desk.get("/v1/catalogue/freshness", params=params)).json()["items"]
    assert state["complete_at"].startswith("2026-11-20T08:00:00")


async def test_parts_taken_at_the_same_time_complete_their_snapshot(
    take: Any, desk: Any, events: Any
) -> None:
    await take(events.sites(["gone"], snapshot=1))
    parts = [events.sites([f"s{n}"], snapshot=2, part=n, parts=6) for n in range(1, 7)]
    await asyncio.gather(*(take(part) for part in parts))
    assert await listed(desk, events.connection) == [f"s{n}" for n in range(1, 7)]
    assert await listed(desk, events.connection, gone=True) == ["gone"]


PARTS = {(1, 1): "ab", (1, 2): "cd", (2, 1): "ab", (2, 2): "e", (3, 1): "c", (3, 2): "f"}


@given(
    order=st.lists(st.sampled_from(sorted(PARTS)), min_size=1, max_size=12),
    batch=st.integers(1, 12),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_and_repetition_of_parts_gives_the_same_catalogue(
    take: Any, desk: Any, new_events: Any, order: list[tuple[int, int]], batch: int
) -> None:
    events = new_events()
    parcels = [
        events.sites(PARTS[snapshot, part], snapshot=snapshot, part=part, parts=2)
        for snapshot, part in order
    ]
    for start in range(0, len(parcels), batch):
        await take(*parcels[start : start + batch])
    came = set(order)
    seen = {site: max(s for s, p in came if site in PARTS[s, p]) for c in came for site in PARTS[c]}
    complete = max((s for s in (1, 2, 3) if {(s, 1), (s, 2)} <= came), default=0)
    there = sorted(site for site, snapshot in seen.items() if snapshot >= complete)
    gone = sorted(site for site, snapshot in seen.items() if snapshot < complete)
    assert await listed(desk, events.connection) == there
    assert await listed(desk, events.connection, gone=True) == gone
