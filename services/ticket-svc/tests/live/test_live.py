"""The live feed: who hears of which change of a ticket, in which order, after what gap."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from patchbay_kit.auth import Principal
from patchbay_kit.errors import ProblemError
from patchbay_kit.testing.harness import client, make_principal
from patchbay_kit.testing.waiting import eventually
from ticket_svc.definition import SERVICE
from ticket_svc.live.forgetting import forget_old_changes
from ticket_svc.live.repository import Position, parse_position
from ticket_svc.live.service import live_events
from ticket_svc.live.tables import LiveChange
from ticket_svc.live.tail import MAX_WAITING, LiveTail, Stream


class Screen:
    """Somebody who is connected; `events` is what they were told, in order."""

    def __init__(self, runtime: Any, principal: Principal, last_event_id: str | None) -> None:
        self.principal: Principal | None = principal
        self.events: list[Any] = []
        self.ended = False
        self._source = live_events(
            runtime.extras["live"], self._recheck, last_event_id, runtime.db.read
        )

    async def _recheck(self) -> Principal:
        if self.principal is None:
            raise ProblemError(401, "token_invalid", "Not signed in")
        return self.principal

    async def look(self) -> None:
        async for event in self._source:
            self.events.append(event)
        self.ended = True

    @property
    def changes(self) -> list[tuple[str, str]]:
        """Type and ticket number, or id, of each change."""
        told = [event.data for event in self.events if event.event == "change"]
        return [(each["type"], each.get("number", each["ticket_id"])) for each in told]


@asynccontextmanager
async def screen(
    runtime: Any, principal: Principal | None = None, last_event_id: str | None = None
) -> AsyncIterator[Screen]:
    opened = Screen(runtime, principal or make_principal(), last_event_id)
    task = asyncio.create_task(opened.look())
    try:
        await eventually(lambda: opened.events)
        yield opened
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def live(desk: Any) -> AsyncIterator[Any]:
    """The desk, with its live loop running."""
    stop = asyncio.Event()
    loops = [asyncio.create_task(each.run(stop)) for each in SERVICE.api_loops(desk.runtime)]
    yield desk
    stop.set()
    await asyncio.gather(*loops)


async def test_a_screen_hears_of_each_change_in_order_with_a_place_to_go_on_from(
    live: Any,
) -> None:
    async with screen(live.runtime) as first:
        ticket = await live.ticket()
        await live.patch(f"/v1/tickets/{ticket['id']}", subject="Printer on fire")
        await live.post(f"/v1/tickets/{ticket['id']}/notes", text="Call the fire brigade.")
        number = ticket["number"]
        expected = [("ticket.created", number), ("ticket.updated", number)]
        await eventually(lambda: first.changes == [*expected, ("ticket.note_added", number)])
        hello, created, updated, noted = first.events
        assert (hello.event, created.event) == ("hello", "change")
        assert updated.data["changed"] == ["subject"]
        assert [event.data["version"] for event in (created, updated, noted)] == [1, 2, 3]
    async with screen(live.runtime, last_event_id=created.id) as again:
        await eventually(lambda: len(again.changes) == 2)
        assert [event.id for event in again.events] == [created.id, updated.id, noted.id]
        await live.post(f"/v1/tickets/{ticket['id']}/complete")
        await eventually(lambda: ("ticket.closed", number) in again.changes)


@pytest.mark.covers("S2-37", "S2-53")
async def test_what_one_takes_out_of_the_inbox_is_gone_for_all_and_their_screens_hear_of_it(
    live: Any,
) -> None:
    ticket = await live.ticket()
    await live.post(f"/v1/tickets/{ticket['id']}/inbox")
    both = {"desk", "tickets.all"}
    mia, tom = make_principal(both, name="Mia"), make_principal(both, name="Tom")

    async def inbox(who: Principal) -> list[str]:
        async with client(live.runtime, SERVICE, principal=who) as http:
            shown = (await http.get("/v1/tickets", params={"view": "inbox"})).json()["items"]
            counts = (await http.get("/v1/tickets/counts")).json()
            assert counts["inbox"] == len(shown)
            return [each["id"] for each in shown]

    assert await inbox(mia) == await inbox(tom) == [ticket["id"]]
    async with (
        screen(live.runtime, tom) as of_tom,
        client(live.runtime, SERVICE, principal=mia) as by_mia,
        client(live.runtime, SERVICE, principal=tom) as by_tom,
    ):
        removals = [
            await each.delete(f"/v1/tickets/{ticket['id']}/inbox") for each in (by_mia, by_tom)
        ]
        assert [each.status_code for each in removals] == [204, 204]
        await eventually(
            lambda: of_tom.changes == [("ticket.removed_from_inbox", ticket["number"])]
        )
    assert await inbox(mia) == await inbox(tom) == []


async def test_a_screen_that_was_away_too_long_is_told_to_read_everything_again(
    live: Any,
) -> None:
    await live.ticket()
    async with live.runtime.db.unit_of_work() as uow:
        table = LiveChange.__table__  # type: ignore[attr-defined]
        old = uow.now - timedelta(days=2)
        await uow.session.execute(update(table).values(recorded_at=old))
    async with screen(live.runtime, last_event_id=str(Position())) as fresh:
        known = fresh.events[0].id
    async with live.runtime.db.unit_of_work() as uow:
        assert await forget_old_changes(uow) is False
    await live.ticket()
    for missed in (known, "nonsense", "7-99999999999"):
        async with screen(live.runtime, last_event_id=missed) as late:
            assert [event.event for event in late.events] == ["reset"]


async def test_a_screen_hears_of_nothing_that_its_viewer_may_not_see(live: Any) -> None:
    mine = await live.employee("Ines", "ines@desk.example", permissions=["desk"])
    account, other = await live.account("Ours"), await live.account("Other")
    technician = make_principal({"desk"}, id=mine)
    customer = make_principal({"customer"}, kind="contact", account_id=account)
    async with screen(live.runtime, technician) as theirs, screen(live.runtime, customer) as ours:
        hidden = await live.ticket(other)
        await live.post(f"/v1/tickets/{hidden['id']}/notes", text="Nobody else's.", public=True)
        shown = await live.ticket(account, manager_id=mine)
        await live.post(f"/v1/tickets/{shown['id']}/notes", text="For us alone.")
        await live.post(f"/v1/tickets/{shown['id']}/notes", text="For all.", public=True)
        await live.post(f"/v1/tickets/{shown['id']}/dispatch-flag")
        await live.post(f"/v1/tickets/{shown['id']}/tasks", title="For us alone.")
        await live.patch(f"/v1/tickets/{shown['id']}", manager_id=None, subject="For all.")
        number = shown["number"]
        await eventually(lambda: ("ticket.left", shown["id"]) in theirs.changes)
        assert theirs.changes == [
            ("ticket.created", number),
            ("ticket.note_added", number),
            ("ticket.note_added", number),
            ("ticket.updated", number),
            ("ticket.updated", number),
            ("ticket.left", shown["id"]),
        ] or {each for _, each in theirs.changes} <= {number, shown["id"]}
        await eventually(lambda: ("ticket.updated", number) in ours.changes)
        # Nothing of the flag and of the task.
        assert [name for name, _ in ours.changes] == [
            "ticket.created",
            "ticket.note_added",
            "ticket.updated",
        ]
        assert {key for event in ours.events[1:] for key in event.data} == {
            "type",
            "number",
            "ticket_id",
            "version",
        }


async def test_a_screen_whose_caller_may_not_look_any_more_ends(live: Any) -> None:
    async with screen(live.runtime) as opened:
        opened.principal = None
        await live.ticket()
        await eventually(lambda: opened.ended)
        assert opened.changes == []


async def test_a_screen_ends_for_who_may_not_look_any_more_also_where_nothing_happens(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticket_svc.live.service.IDLE_SECONDS", 0.01)
    async with screen(live.runtime) as opened:
        opened.principal = None
        await eventually(lambda: opened.ended)


async def test_streams_end_when_the_process_stops_and_when_nobody_reads_them() -> None:
    slow = Stream(Position())
    slow.put([(None, None)] * (MAX_WAITING + 1))  # type: ignore[list-item]
    assert slow.ended
    assert await slow.changes.get() is None


async def test_a_stopped_process_lets_its_screens_go(desk: Any) -> None:
    stop = asyncio.Event()
    tail: LiveTail = desk.runtime.extras["live"]
    running = asyncio.create_task(tail.run(stop))
    async with screen(desk.runtime) as opened:
        stop.set()
        await eventually(lambda: opened.ended)
    await running


async def test_the_feed_is_served_as_server_sent_events(live: Any) -> None:
    async with client(live.runtime, SERVICE, permissions={"links.write"}) as http:
        answer = await http.get("/v1/live")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    async with client(live.runtime, SERVICE, permissions=None) as http:
        assert (await http.get("/v1/live")).status_code == 401


@pytest.mark.parametrize("text", ["", "-", "1", "1-", "a-b", "1-2-3", "²-1", "1" * 40 + "-1"])
def test_what_is_not_a_place_in_the_feed_is_none(text: str) -> None:
    assert parse_position(text) is None
    assert parse_position(str(Position(7, 9))) == (7, 9)


async def test_nothing_is_missed_where_transactions_end_in_another_order_than_they_began(
    live: Any,
) -> None:
    account = await live.account()
    async with screen(live.runtime) as watching:
        tickets = await asyncio.gather(*(live.ticket(account) for _ in range(25)))
        await eventually(lambda: len(watching.changes) == len(tickets))
        places = [event.id for event in watching.events[1:]]
        assert len(set(places)) == len(tickets)
        assert {number for _, number in watching.changes} == {t["number"] for t in tickets}
    async with screen(live.runtime, last_event_id=places[9]) as again:
        await eventually(lambda: [event.id for event in again.events[1:]] == places[10:])


async def test_nobody_alone_takes_the_places_of_all_the_others(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticket_svc.live.routes.MAX_STREAMS_EACH", 1)
    greedy = make_principal()
    async with (
        client(live.runtime, SERVICE, principal=greedy) as http,
        screen(live.runtime, make_principal()),
        screen(live.runtime, greedy),
    ):
        refused = await http.get("/v1/live")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        assert refused.headers["Retry-After"]
