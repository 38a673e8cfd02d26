"""Updates of the remote queue become events exactly once, whatever happens on the way."""

from datetime import timedelta
from typing import Any

import pytest

from patchbay_contracts import (
    RemoteOrigin,
    RemoteTicketClosed,
    RemoteTicketNoteReceived,
    RemoteTicketReceived,
    RemoteTicketReturned,
    ReturnReason,
)
from patchbay_kit.testing import harness
from rmm_gateway.polling.tickets import TicketPoller
from rmm_gateway.providers.base import Batch, RemoteUpdate, UpdateKind
from rmm_gateway.providers.continuum.provider import ContinuumProvider
from rmm_gateway.wiring import parts_of


@pytest.mark.covers("S1-01", "S1-13", "S1-55")
@pytest.mark.parametrize("origin", ["alert", "service_ticket", "noc_manual"])
async def test_a_remote_ticket_of_every_origin_is_published_once(world: Any, origin: str) -> None:
    connection_id = await world.enabled()
    remote_id = await world.raise_ticket(
        origin=origin, siteId="S9", siteName="Acme", deviceId="D9", description="C: is full"
    )
    await world.poll()
    [data] = await world.events(RemoteTicketReceived)
    assert data.origin is RemoteOrigin(origin)
    assert (data.remote.connection_id, data.remote.remote_ticket_id) == (connection_id, remote_id)
    assert (data.remote_site_id, data.site_name, data.summary) == ("S9", "Acme", "Disk full")
    assert data.description == "C: is full"
    assert data.device.remote_device_id == "D9"
    assert [reason.code for reason in data.reasons] == ["remote.published"]
    [ticket] = (await world.get("/v1/remote-tickets"))["items"]
    assert ticket["state"] == "published"


async def test_a_remote_that_counts_anew_loses_no_update(world: Any) -> None:
    connection_id = await world.enabled()
    remote_id = await world.raise_ticket()
    await world.poll()
    parts = parts_of(world.runtime)
    [data] = await world.events(RemoteTicketReceived)
    other = data.model_copy(
        update={"remote": data.remote.model_copy(update={"remote_ticket_id": "CT-other"})}
    )
    same = RemoteUpdate(1, UpdateKind.CREATED, remote_id, data.occurred_at, data)
    new = RemoteUpdate(1, UpdateKind.CREATED, "CT-other", data.occurred_at, other)
    assert await TicketPoller(parts)._store(connection_id, Batch("b", (same, new)))
    assert len(await world.events(RemoteTicketReceived)) == 1
    [item] = (await world.get(f"/v1/connections/{connection_id}/rejected-items"))["items"]
    assert (item["seq"], item["state"]) == (1, "open")
    assert "CT-other" in item["raw"]
    assert "number 1 belongs to another update" in item["reason"]


@pytest.mark.covers("S1-10")
async def test_the_remote_address_travels_along_but_never_a_script(world: Any) -> None:
    await world.enabled()
    remote_id = await world.raise_ticket()
    await world.poll()
    [data] = await world.events(RemoteTicketReceived)
    assert data.remote.url == f"http://continuum.invalid/console/tickets/{remote_id}"


@pytest.mark.covers("S1-11", "S1-72", "S1-74", "S1-78")
async def test_close_return_and_note_of_the_remote_team_follow_the_ticket(world: Any) -> None:
    await world.enabled()
    remote_id = await world.raise_ticket()
    await world.post_sim(f"tickets/{remote_id}/note", {"note": "looking"})
    await world.post_sim(
        f"tickets/{remote_id}/return", {"reason": "Info Needed", "note": "which disk?"}
    )
    await world.post_sim(f"tickets/{remote_id}/close", {"note": "done"})
    await world.poll()
    found = await harness.published(world.runtime)
    mine = [e for e in found if e.subject.endswith(remote_id)]
    assert [type(e.data) for e in mine] == [
        RemoteTicketReceived,
        RemoteTicketNoteReceived,
        RemoteTicketReturned,
        RemoteTicketClosed,
    ]
    assert [e.aggregateversion for e in mine] == [1, 2, 3, 4]
    assert mine[2].data.reason is ReturnReason.INFO_NEEDED
    assert {e.actor for e in mine} == {f"rmm:{mine[0].data.remote.connection_id}"}
    [ticket] = (await world.get("/v1/remote-tickets"))["items"]
    assert ticket["closed_at"] is not None


@pytest.mark.covers("S1-61")
async def test_a_lost_acknowledgement_brings_the_batch_again_without_effect(world: Any) -> None:
    connection_id = await world.enabled()
    await world.raise_ticket()
    await world.post_sim("faults", {"kind": "status", "status": 503, "path": "*/ack"})
    await world.poll()
    assert len(await world.events(RemoteTicketReceived)) == 1
    assert (await world.connection(connection_id))["state"] == "degraded"
    world.clock.advance(seconds=60)
    await world.poll()
    assert len(await world.events(RemoteTicketReceived)) == 1
    assert (await world.connection(connection_id))["state"] == "reachable"
    state = (await world.sim.get("/__sim/state")).json()
    assert state["queue"] == {"waiting": 0, "leased": 0, "acknowledged": 1}


@pytest.mark.covers("S1-61")
async def test_a_crash_after_the_commit_and_before_the_acknowledgement_loses_nothing(
    world: Any,
) -> None:
    class Dies(ContinuumProvider):
        async def ack(self, batch: Batch) -> None:
            raise KeyboardInterrupt

    await world.enabled()
    remote_id = await world.raise_ticket()
    factories = parts_of(world.runtime).providers.factories
    factories["continuum"] = Dies
    with pytest.raises(KeyboardInterrupt):
        await world.poll()
    assert len(await world.events(RemoteTicketReceived)) == 1
    factories["continuum"] = ContinuumProvider
    await world.post_sim(f"tickets/{remote_id}/note", {"note": "later"})
    await world.poll()
    assert await world.events(RemoteTicketNoteReceived) == [], "the dead process's lease holds"
    world.clock.advance(minutes=4)
    await world.poll()
    assert len(await world.events(RemoteTicketReceived)) == 1
    assert len(await world.events(RemoteTicketNoteReceived)) == 1


async def test_a_failed_commit_leaves_the_batch_at_the_remote(world: Any) -> None:
    await world.enabled()
    await world.raise_ticket()
    database = world.runtime.db
    unit_of_work, left = database.unit_of_work, [1]

    class BrokenError(Exception):
        pass

    def breaking(**kwargs: Any) -> Any:
        if not left:
            raise BrokenError
        left.pop()
        return unit_of_work(**kwargs)

    database.unit_of_work = breaking
    with pytest.raises(BrokenError):
        await world.poll()
    database.unit_of_work = unit_of_work
    assert await world.events(RemoteTicketReceived) == []
    world.clock.advance(minutes=4)
    await world.poll()
    assert len(await world.events(RemoteTicketReceived)) == 1


async def test_a_queue_longer_than_a_batch_is_emptied_in_one_go(world: Any) -> None:
    await world.enabled()
    await world.post_sim("tickets", [{"summary": f"Alert {n}"} for n in range(1200)])
    await world.poll()
    assert len(await world.events(RemoteTicketReceived)) == 1200
    assert len(await world.calls("*/ack")) == 3


@pytest.mark.covers("S1-61")
async def test_a_storm_with_duplicates_in_any_order_gives_each_ticket_once(world: Any) -> None:
    connection_id = await world.enabled()
    storm = await world.post_sim(
        "scenario", {"name": "storm", "tickets": 700, "duplicateShare": 0.3, "seed": 7}
    )
    await world.poll()
    received = await world.events(RemoteTicketReceived)
    ids = [data.remote.remote_ticket_id for data in received]
    assert len(ids) == len(set(ids)) == storm["tickets"]
    assert (await world.connection(connection_id))["watermark_age_seconds"] == 0


async def test_what_cannot_be_read_is_kept_and_hurts_no_other(world: Any) -> None:
    connection_id = await world.enabled()
    remote_id = await world.raise_ticket()
    simulator = world.transport.app.state.simulator
    bad = [
        '{"seq": 901, "kind": "exploded", "ticketId": "X1", "occurredAt": "2026-05-01T00:00:00Z"}',
        '{"seq": 902, "kind": "note_added", "occurredAt": "2026-05-01T00:00:00Z"}',
        '"not even an object"',
        '{"seq": 903, "kind": "note_added", "ticketId": "\\ud800", "occurredAt": 1}',
    ]
    with simulator.store.transaction():
        simulator.queue.put_payloads([(0, payload) for payload in bad])
    await world.poll()
    [data] = await world.events(RemoteTicketReceived)
    assert data.remote.remote_ticket_id == remote_id
    found = await world.connection(connection_id)
    assert (found["state"], found["rejected_count"]) == ("reachable", 4)
    page = await world.get(f"/v1/connections/{connection_id}/rejected-items")
    assert {item["seq"] for item in page["items"]} == {901, 902, 903, None}
    assert any("exploded" in item["reason"] for item in page["items"])
    path = f"/v1/connections/{connection_id}/rejected-items/{page['items'][0]['id']}/discard"
    assert (await world.http.post(path)).json()["state"] == "discarded"
    assert (await world.connection(connection_id))["rejected_count"] == 3


async def test_unknown_values_are_tolerated_and_text_without_nul_is_stored(world: Any) -> None:
    await world.enabled()
    simulator = world.transport.app.state.simulator
    odd = (
        '{"seq": 77, "kind": "ticket_created", "ticketId": 4711, "origin": "robot", "extra": 1,'
        ' "assigneeGroup": "Moon Team", "summary": "a\\u0000b", "url": "javascript:alert(1)",'
        ' "device": {"name": "PC", "disks": ["C:"]}, "occurredAt": "2026-05-01T10:00:00"}'
    )
    back = (
        '{"seq": 78, "kind": "ticket_returned", "ticketId": "4711", "reason": "Bored",'
        ' "description": "n", "occurredAt": "2026-05-01T10:00:00Z"}'
    )
    with simulator.store.transaction():
        simulator.queue.put_payloads([(0, odd), (1, back)])
    await world.poll()
    [data] = await world.events(RemoteTicketReceived)
    assert (data.summary, data.assignee_group, data.remote.url) == ("ab", "Moon Team", None)
    assert data.origin is RemoteOrigin.SERVICE_TICKET
    assert data.device.attributes == {"disks": '["C:"]'}
    [returned] = await world.events(RemoteTicketReturned)
    assert returned.reason is ReturnReason.INFO_NEEDED
    assert returned.note == "Reason given by the remote team: Bored\nn"


@pytest.mark.parametrize("fault", ["truncated_json", "html", "reset"])
async def test_a_spoilt_answer_degrades_the_connection_until_the_next_one(
    small_world: Any, fault: str
) -> None:
    world = small_world
    connection_id = await world.enabled()
    await world.raise_ticket()
    await world.post_sim("faults", {"kind": fault, "path": "*/queue"})
    await world.poll()
    found = await world.connection(connection_id)
    assert found["state"] == "degraded"
    assert found["last_error"]
    world.clock.advance(seconds=40)
    await world.poll()
    assert (await world.connection(connection_id))["state"] == "reachable"
    assert len(await world.events(RemoteTicketReceived)) == 1


async def test_a_busy_remote_is_left_alone_for_as_long_as_it_asks(small_world: Any) -> None:
    world = small_world
    connection_id = await world.enabled()
    await world.post_sim("faults", {"kind": "status", "status": 429, "retryAfter": 120})
    await world.poll()
    found = await world.connection(connection_id)
    assert found["state"] == "degraded"
    waits = world.clock() + timedelta(seconds=119)
    assert found["next_poll_at"] > waits.isoformat().replace("+00:00", "Z")


@pytest.mark.slow
async def test_a_slow_remote_does_not_hold_the_loop(small_world: Any) -> None:
    world = small_world
    connection_id = await world.enabled()
    await world.post_sim("faults", {"kind": "delay", "seconds": 60, "path": "*/queue"})
    await world.poll()
    found = await world.connection(connection_id)
    assert (found["state"], "Timeout" in found["last_error"]) == ("degraded", True)
