"""A closed ticket closes its remote twin exactly once, and what happened is known."""

from typing import Any

import pytest

from patchbay_contracts import RemoteCommandFailed, RemoteCommandSucceeded, TicketClosed
from patchbay_kit.testing import harness
from rmm_gateway.definition import SERVICE
from rmm_gateway.outbound.sending import CommandSender, call
from rmm_gateway.providers.base import RemoteTicketView
from rmm_gateway.providers.continuum.provider import ContinuumProvider
from rmm_gateway.wiring import parts_of


async def _ready(world: Any, **fields: Any) -> tuple[str, str]:
    """An enabled connection and a remote ticket that came through it."""
    connection_id = await world.enabled(**fields)
    remote_id = await world.raise_ticket()
    await world.poll()
    return connection_id, remote_id


async def _command(world: Any) -> dict[str, Any]:
    [listed] = (await world.get("/v1/remote-commands"))["items"]
    found: dict[str, Any] = await world.get(f"/v1/remote-commands/{listed['id']}")
    return found


@pytest.mark.covers("S1-02", "S1-81", "S1-83")
@pytest.mark.parametrize("status", ["completed", "canceled"])
async def test_closing_a_ticket_closes_its_twin_and_says_so(world: Any, status: str) -> None:
    connection_id, remote_id = await _ready(world)
    await world.close_ticket(connection_id, remote_id, status=status)
    await world.send()
    assert await world.closes(remote_id) == 1
    [done] = await world.events(RemoteCommandSucceeded)
    assert (done.kind, done.already_done, done.attempts) == ("close", False, 1)
    command = await _command(world)
    assert command["state"] == "succeeded"
    assert command["idempotency_key"] == f"close:{connection_id}:{remote_id}"
    assert [attempt["outcome"] for attempt in command["attempt_list"]] == ["succeeded"]
    assert [step["code"] for step in command["reasons"]] == [
        "command.queued",
        "command.succeeded",
    ]


async def test_the_answer_continues_the_chain_of_the_event_that_asked(world: Any) -> None:
    connection_id, remote_id = await _ready(world)
    await world.close_ticket(connection_id, remote_id, event_id="e-1", correlationid="c-1")
    await world.send()
    answers = [
        e
        for e in await harness.published(world.runtime)
        if isinstance(e.data, RemoteCommandSucceeded)
    ]
    assert [(e.causationid, e.correlationid) for e in answers] == [("e-1", "c-1")]


@pytest.mark.covers("S1-83")
async def test_a_connection_may_want_completed_tickets_only(world: Any) -> None:
    connection_id, remote_id = await _ready(world, close_on="completed_only")
    await world.close_ticket(connection_id, remote_id, status="canceled")
    await world.send()
    command = await _command(world)
    assert command["state"] == "skipped"
    assert command["reasons"][0]["code"] == "command.not_wanted"
    assert await world.closes(remote_id) == 0
    await world.close_ticket(connection_id, remote_id, status="completed")
    await world.send()
    assert await world.closes(remote_id) == 1


async def test_a_ticket_without_a_twin_asks_for_nothing(world: Any) -> None:
    await _ready(world)
    data = (await _closed_event(world)).model_copy(update={"remote": None})
    await world.deliver(data)
    assert (await world.get("/v1/remote-commands"))["items"] == []


async def _closed_event(world: Any) -> Any:
    return TicketClosed(**world.facts("c", "r", "completed", "closed"), closed_at=world.clock())


@pytest.mark.covers("S1-84")
async def test_what_the_remote_closed_before_needs_no_call(world: Any) -> None:
    connection_id, remote_id = await _ready(world)
    await world.post_sim(f"tickets/{remote_id}/close", {"note": "by NOC"})
    world.clock.advance(seconds=10)
    await world.poll()
    await world.close_ticket(connection_id, remote_id)
    await world.send()
    assert await world.calls("*/psg/v1/tickets/*") == []
    [done] = await world.events(RemoteCommandSucceeded)
    assert (done.already_done, done.attempts) == (True, 0)


@pytest.mark.covers("S1-84")
async def test_closing_what_is_closed_there_unknown_to_us_succeeds_silently(world: Any) -> None:
    connection_id, remote_id = await _ready(world)
    await world.post_sim(f"tickets/{remote_id}/close", {})
    await world.close_ticket(connection_id, remote_id)
    await world.send()
    [done] = await world.events(RemoteCommandSucceeded)
    assert (done.already_done, done.attempts) == (True, 1)
    assert [reason.code for reason in done.reasons] == ["command.already_closed"]
    assert await world.events(RemoteCommandFailed) == []


@pytest.mark.covers("S1-84")
async def test_reopening_sends_nothing_and_closing_again_is_a_recorded_no_op(world: Any) -> None:
    connection_id, remote_id = await _ready(world)
    await world.close_ticket(connection_id, remote_id)
    await world.send()
    calls = len(await world.calls("/psg/*"))
    await world.reopen_ticket(connection_id, remote_id)
    await world.send()
    await world.close_ticket(connection_id, remote_id)
    await world.send()
    assert len(await world.calls("/psg/*")) == calls
    assert await world.closes(remote_id) == 1
    first, second = await world.events(RemoteCommandSucceeded)
    assert (first.already_done, second.already_done) == (False, True)
    assert first.command_id == second.command_id
    command = await _command(world)
    assert command["reasons"][-1]["code"] == "command.already_closed"
    [ticket] = (await world.get("/v1/remote-tickets"))["items"]
    explained = await world.get(f"/v1/remote-tickets/{ticket['id']}/explain")
    assert [step["code"] for step in explained["steps"]] == [
        "remote.published",
        "remote.reopened_locally",
    ]
    assert [each["id"] for each in explained["commands"]] == [command["id"]]


@pytest.mark.covers("S1-48")
async def test_a_command_waits_while_ticket_processing_is_off(world: Any) -> None:
    connection_id, remote_id = await _ready(world)
    await world.http.post(f"/v1/connections/{connection_id}/disable")
    await world.close_ticket(connection_id, remote_id)
    await world.send()
    command = await _command(world)
    assert command["state"] == "waiting"
    assert command["reasons"][-1]["params"] == {"waits_for": "ticket_processing"}
    assert await world.closes(remote_id) == 0
    await world.enable(connection_id)
    await world.send()
    assert await world.closes(remote_id) == 1


async def test_a_close_that_succeeds_after_the_time_out_happens_exactly_once(
    small_world: Any,
) -> None:
    world = small_world
    connection_id, remote_id = await _ready(world)
    await world.post_sim(
        "faults", {"kind": "slow_success", "seconds": 60, "path": "*/close", "method": "POST"}
    )
    await world.close_ticket(connection_id, remote_id)
    await world.send()
    command = await _command(world)
    assert (command["state"], command["outcome_unknown"]) == ("queued", True)
    assert command["reasons"][-1]["code"] == "command.outcome_unknown"
    world.clock.advance(seconds=10)
    await world.send()
    assert await world.closes(remote_id) == 1
    closes = await world.calls("*/close")
    assert len(closes) == 1, "the lookup made a second call needless"
    [done] = await world.events(RemoteCommandSucceeded)
    assert (done.already_done, done.attempts) == (False, 2)


@pytest.mark.parametrize("fault", ["reset", "html", "truncated_json"])
async def test_a_cut_or_spoilt_answer_is_looked_up_before_it_is_repeated(
    small_world: Any, fault: str
) -> None:
    world = small_world
    connection_id, remote_id = await _ready(world)
    await world.post_sim("faults", {"kind": fault, "path": "*/close"})
    await world.close_ticket(connection_id, remote_id)
    await world.send()
    world.clock.advance(seconds=10)
    await world.send()
    assert await world.closes(remote_id) == 1
    looked = [c for c in await world.calls(f"*/tickets/{remote_id}") if c["method"] == "GET"]
    assert len(looked) == 1
    assert len(await world.events(RemoteCommandSucceeded)) == 1


async def test_a_crash_while_sending_counts_as_an_unknown_outcome(world: Any) -> None:
    connection_id, remote_id = await _ready(world)
    await world.close_ticket(connection_id, remote_id)
    parts = parts_of(world.runtime)
    [job] = await CommandSender(parts)._claim()
    async with parts.providers.open(parts.policy.target(job.connection)) as provider:
        await call(provider, job.command)  # And here the process dies.
    assert (await _command(world))["state"] == "sending"
    await world.send()
    assert len(await world.calls("*/close")) == 1, "the lease of the dead process holds"
    world.clock.advance(minutes=6)
    await world.send()
    command = await _command(world)
    assert command["state"] == "succeeded"
    outcomes = [attempt["outcome"] for attempt in command["attempt_list"]]
    assert outcomes == ["interrupted", "succeeded"]
    assert len(await world.calls("*/close")) == 1


async def test_a_ticket_that_the_remote_does_not_know_fails_and_can_be_tried_again(
    world: Any,
) -> None:
    connection_id = await world.enabled()
    await world.close_ticket(connection_id, "CT-unknown")
    await world.send()
    [failed] = await world.events(RemoteCommandFailed)
    assert (failed.attempts, "unknown_ticket" in failed.error) == (1, True)
    command = await _command(world)
    assert command["state"] == "failed"
    await world.raise_ticket(ticketId="CT-unknown")
    answer = await world.http.post(f"/v1/remote-commands/{command['id']}/retry")
    assert answer.json()["state"] == "queued"
    await world.send()
    assert await world.closes("CT-unknown") == 1
    again = await world.http.post(f"/v1/remote-commands/{command['id']}/retry")
    assert again.json()["code"] == "remote_command_not_failed"


@pytest.mark.covers("S1-84")
async def test_ten_failures_over_hours_end_in_a_failure_that_people_see(small_world: Any) -> None:
    world = small_world
    connection_id, remote_id = await _ready(world)
    await world.post_sim("faults", {"kind": "status", "status": 429, "times": 50})
    started = world.clock()
    await world.close_ticket(connection_id, remote_id)
    for _ in range(9):
        await world.send()
        assert (await _command(world))["state"] == "queued"
        world.clock.advance(hours=2, minutes=30)
    await world.send()
    command = await _command(world)
    assert (command["state"], command["attempts"]) == ("failed", 10)
    [failed] = await world.events(RemoteCommandFailed)
    assert failed.attempts == 10
    assert (world.clock() - started).total_seconds() > 3600


async def test_a_refused_code_uses_up_no_attempt(world: Any) -> None:
    connection_id, remote_id = await _ready(world)
    await world.post_sim("psg", {"code": "another-code"})
    await world.close_ticket(connection_id, remote_id)
    for _ in range(15):
        await world.send()
        world.clock.advance(minutes=6)
    command = await _command(world)
    assert (command["state"], command["attempts"]) == ("queued", 15)
    await world.http.patch(f"/v1/connections/{connection_id}", json={"psg_code": "another-code"})
    await world.send()
    assert (await _command(world))["state"] == "succeeded"


async def test_a_removed_connection_fails_its_commands(world: Any) -> None:
    connection_id, remote_id = await _ready(world)
    await world.http.delete(f"/v1/connections/{connection_id}")
    await world.close_ticket(connection_id, remote_id)
    await world.send()
    assert (await _command(world))["state"] == "failed"
    [failed] = await world.events(RemoteCommandFailed)
    assert failed.error == "the connection was removed"


async def test_an_unknown_outcome_that_is_still_open_there_is_repeated(small_world: Any) -> None:
    world = small_world
    looked: list[str] = []

    class Looks(ContinuumProvider):
        async def find(self, remote_ticket_id: str) -> RemoteTicketView | None:
            looked.append(remote_ticket_id)
            return await super().find(remote_ticket_id)

    connection_id, remote_id = await _ready(world)
    parts_of(world.runtime).providers.factories["continuum"] = Looks
    await world.post_sim("faults", {"kind": "status", "status": 502, "path": "*/close"})
    await world.close_ticket(connection_id, remote_id)
    await world.send()
    world.clock.advance(seconds=10)
    await world.send()
    assert looked == [remote_id]
    assert await world.closes(remote_id) == 1
    assert len(await world.calls("*/close")) == 2


@pytest.mark.covers("S2-30")
async def test_commands_are_for_those_who_see_the_ticket(world: Any) -> None:
    connection_id, remote_id = await _ready(world)
    await world.close_ticket(connection_id, remote_id)
    command = await _command(world)
    path, wanted = f"/v1/remote-commands/{command['id']}", command["ticket_id"]
    async with harness.client(world.runtime, SERVICE, permissions={"desk"}) as http:

        async def listed(**params: Any) -> list[str]:
            answer = await http.get("/v1/remote-commands", params=params)
            return [each["id"] for each in answer.json()["items"]]

        assert await listed() == await listed(ticket_id=wanted) == []
        assert (await http.get(path)).status_code == 404
        assert (await http.post(f"{path}/retry")).status_code == 404
        harness.show(world.runtime, wanted)
        assert await listed() == []
        assert await listed(ticket_id=wanted) == [command["id"]]
        assert (await http.get(path)).status_code == 200
        assert (await http.post(f"{path}/retry")).status_code == 409
        for hidden in ("", f"/{command['id']}", f"/{command['id']}/explain"):
            assert (await http.get(f"/v1/remote-tickets{hidden}")).status_code == 403
        raw = f"/v1/connections/{connection_id}/rejected-items"
        assert (await http.get(raw)).status_code == 403
