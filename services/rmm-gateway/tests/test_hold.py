"""While ticket processing is off everything is taken and held; enabling imports what is young."""

from datetime import timedelta
from typing import Any

import pytest

from patchbay_contracts import (
    ConnectionStateChanged,
    RemoteTicketClosed,
    RemoteTicketNoteReceived,
    RemoteTicketReceived,
)


async def _old_and_new(world: Any, connection: dict[str, Any]) -> tuple[str, str]:
    """One held ticket beyond the cut-off and one within, each with a note."""
    days = connection["import_cutoff_days"]
    old_at = world.clock() - timedelta(days=days, seconds=1)
    old = await world.raise_ticket(summary="old", occurredAt=old_at.isoformat())
    new = await world.raise_ticket(summary="new")
    for remote_id in (old, new):
        await world.post_sim(f"tickets/{remote_id}/note", {"note": f"about {remote_id}"})
    await world.poll()
    return old, new


@pytest.mark.covers("S1-23", "S1-48")
async def test_a_new_connection_holds_what_comes_and_publishes_nothing(world: Any) -> None:
    connection = await world.connect()
    assert connection["ticket_processing"] is False
    await _old_and_new(world, connection)
    assert await world.events(RemoteTicketReceived, RemoteTicketNoteReceived) == []
    found = await world.connection(connection["id"])
    assert found["held_count"] == 2
    held = await world.get("/v1/remote-tickets?state=held")
    assert [item["summary"] for item in held["items"]] == ["new", "old"]
    state = (await world.sim.get("/__sim/state")).json()
    assert state["queue"]["acknowledged"] == 4, "held durably, so acknowledged"


@pytest.mark.covers("S1-24", "S1-43")
async def test_enabling_shows_the_count_first_and_wants_a_confirmation(world: Any) -> None:
    connection = await world.connect()
    await _old_and_new(world, connection)
    path = f"/v1/connections/{connection['id']}"
    preview = await world.get(f"{path}/enable-preview")
    assert (preview["held"], preview["would_import"], preview["too_old"]) == (2, 1, 1)
    assert "inventory_never_downloaded" in preview["warnings"]
    refused = await world.http.post(f"{path}/enable", json={})
    assert refused.status_code == 409
    problem = refused.json()
    assert (problem["code"], problem["preview"]["held"]) == ("confirmation_required", 2)
    assert (await world.connection(connection["id"]))["ticket_processing"] is False


@pytest.mark.covers("S1-43", "S1-45")
async def test_enabling_imports_the_young_ones_with_their_updates_and_sets_old_ones_aside(
    world: Any,
) -> None:
    connection = await world.connect()
    old, new = await _old_and_new(world, connection)
    await world.enable(connection["id"])
    await world.poll()
    [data] = await world.events(RemoteTicketReceived)
    assert data.remote.remote_ticket_id == new
    codes = [reason.code for reason in data.reasons]
    assert codes == ["remote.held_disabled", "remote.imported_on_enable"]
    [note] = await world.events(RemoteTicketNoteReceived)
    assert note.remote.remote_ticket_id == new
    [aside] = (await world.get("/v1/remote-tickets?state=too_old"))["items"]
    assert aside["remote_ticket_id"] == old
    explained = await world.get(f"/v1/remote-tickets/{aside['id']}/explain")
    steps = [step["code"] for step in explained["steps"]]
    assert steps == ["remote.held_disabled", "remote.too_old"]
    found = await world.connection(connection["id"])
    assert (found["importing"], found["held_count"]) == (False, 0)
    changes = await world.events(ConnectionStateChanged)
    assert [change.ticket_processing for change in changes][-1] is True


@pytest.mark.covers("S1-43")
async def test_an_old_ticket_can_be_imported_by_hand_with_all_its_updates(world: Any) -> None:
    connection = await world.connect()
    old, _ = await _old_and_new(world, connection)
    await world.enable(connection["id"])
    await world.poll()
    await world.post_sim(f"tickets/{old}/close", {"note": "gone"})
    world.clock.advance(seconds=10)
    await world.poll()
    assert await world.events(RemoteTicketClosed) == [], "it shares the fate of its ticket"
    [aside] = (await world.get("/v1/remote-tickets?state=too_old"))["items"]
    answer = await world.http.post(f"/v1/remote-tickets/{aside['id']}/import")
    assert answer.json()["state"] == "published"
    received = await world.events(RemoteTicketReceived)
    assert [data.remote.remote_ticket_id for data in received][-1] == old
    assert len(await world.events(RemoteTicketNoteReceived)) == 2
    assert len(await world.events(RemoteTicketClosed)) == 1
    again = await world.http.post(f"/v1/remote-tickets/{aside['id']}/import")
    assert again.status_code == 409


@pytest.mark.covers("S1-43")
async def test_a_held_ticket_can_be_discarded_and_is_not_imported_then(world: Any) -> None:
    connection = await world.connect()
    await _old_and_new(world, connection)
    held = (await world.get("/v1/remote-tickets?state=held"))["items"]
    for item in held:
        answer = await world.http.post(f"/v1/remote-tickets/{item['id']}/discard")
        assert answer.json()["state"] == "discarded"
    await world.enable(connection["id"])
    await world.poll()
    assert await world.events(RemoteTicketReceived, RemoteTicketNoteReceived) == []
    listed = (await world.get("/v1/remote-tickets?state=discarded"))["items"]
    assert len(listed) == 2
    back = await world.http.post(f"/v1/remote-tickets/{listed[0]['id']}/import")
    assert back.json()["state"] == "published"


@pytest.mark.covers("S1-23")
async def test_nothing_is_imported_by_hand_while_ticket_processing_is_off(world: Any) -> None:
    connection = await world.connect()
    await _old_and_new(world, connection)
    item = (await world.get("/v1/remote-tickets?state=held"))["items"][0]
    answer = await world.http.post(f"/v1/remote-tickets/{item['id']}/import")
    assert (answer.status_code, answer.json()["code"]) == (409, "ticket_processing_disabled")


@pytest.mark.covers("S1-45")
async def test_disabling_holds_at_once_and_enabling_again_brings_everything(world: Any) -> None:
    connection_id = await world.enabled()
    remote_id = await world.raise_ticket()
    await world.poll()
    path = f"/v1/connections/{connection_id}/disable"
    assert (await world.http.post(path)).json()["ticket_processing"] is False
    await world.post_sim(f"tickets/{remote_id}/note", {"note": "while off"})
    second = await world.raise_ticket()
    world.clock.advance(seconds=10)
    await world.poll()
    assert len(await world.events(RemoteTicketReceived, RemoteTicketNoteReceived)) == 1
    await world.enable(connection_id)
    await world.poll()
    assert len(await world.events(RemoteTicketNoteReceived)) == 1
    received = [d.remote.remote_ticket_id for d in await world.events(RemoteTicketReceived)]
    assert received == [remote_id, second]


async def test_many_held_tickets_are_imported_in_batches(world: Any) -> None:
    connection = await world.connect()
    await world.post_sim("tickets", [{"summary": f"Alert {n}"} for n in range(1100)])
    await world.poll()
    assert (await world.connection(connection["id"]))["held_count"] == 1100
    await world.enable(connection["id"])
    await world.poll()
    received = await world.events(RemoteTicketReceived)
    assert len({data.remote.remote_ticket_id for data in received}) == len(received) == 1100
