"""Property: a twin is closed at the remote exactly once, in whatever order its story comes."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay_contracts import RemoteCommandFailed, TicketClosed, TicketReopened
from patchbay_kit.testing import harness
from patchbay_kit.testing.orders import any_order, batches
from rmm_gateway.definition import SERVICE


def _story(world: Any, connection_id: str, remote_id: str) -> list[Any]:
    """Closed, reopened and closed again, as ticket-svc tells it."""
    open_ = world.facts(connection_id, remote_id, "open", "open")
    closed = world.facts(connection_id, remote_id, "completed", "closed")
    told = [
        TicketClosed(**closed, closed_at=world.clock()),
        TicketReopened(**open_, reopened_at=world.clock()),
        TicketClosed(**closed, closed_at=world.clock()),
    ]
    return [
        harness.make_envelope(data, subject=closed["ticket_id"], version=version)
        for version, data in enumerate(told, 2)
    ]


@pytest.mark.covers("S1-83", "S1-84")
@pytest.mark.slow
@pytest.mark.any_order("TicketClosed", "TicketReopened")
@given(chance=st.randoms(use_true_random=False), size=st.integers(1, 8), sends=st.booleans())
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_and_repetition_closes_each_twin_once(
    world: Any, chance: random.Random, size: int, sends: bool
) -> None:
    found = (await world.get("/v1/connections"))["items"]
    connection_id = found[0]["id"] if found else await world.enabled()
    twins = [await world.raise_ticket() for _ in range(2)]
    await world.poll()
    once = [event for twin in twins for event in _story(world, connection_id, twin)]
    for batch in batches(any_order(once, chance), size):
        verdicts = await harness.deliver(world.runtime, SERVICE, batch)
        assert [v for v in verdicts if v.retry_step is not None] == []
        if sends:
            await world.send()
    await world.send()
    assert [await world.closes(twin) for twin in twins] == [1, 1]
    assert await world.events(RemoteCommandFailed) == []
    listed = (await world.get("/v1/remote-commands?limit=200"))["items"]
    mine = [each for each in listed if each["remote_ticket_id"] in twins]
    assert [each["state"] for each in mine] == ["succeeded"] * 2
    for twin in twins:
        (row,) = (await world.get(f"/v1/remote-tickets?remote_ticket_id={twin}"))["items"]
        steps = (await world.get(f"/v1/remote-tickets/{row['id']}/explain"))["steps"]
        codes = [step["code"] for step in steps]
        assert codes.count("remote.reopened_locally") == 1
