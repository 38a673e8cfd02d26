"""Close dates, and how long tickets were in their statuses (S2-03, X-20)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from patchbay_contracts import TicketClosed
from patchbay_kit.testing.harness import client, make_runtime
from ticket_svc.definition import SERVICE
from ticket_svc.tickets.timing import left_status, time_to_resolution

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


class Clock:
    """The service's clock, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def timed(database_url: str, clock: Clock, make_desk: Any) -> AsyncIterator[Any]:
    """A desk whose time is the clock's. Its callers' tokens are of the real time."""
    async with (
        make_runtime(SERVICE, database_url, clock=clock) as runtime,
        client(runtime, SERVICE) as http,
    ):
        yield make_desk(runtime, http)


def test_stays_in_a_status_add_up_and_none_is_shorter_than_nothing() -> None:
    once = left_status({}, "new", START, START + timedelta(seconds=90.7))
    assert once == {"new": 90}
    again = left_status(once, "new", START, START + timedelta(seconds=10))
    assert left_status(again, "waiting", START, START - timedelta(hours=1)) == {
        "new": 100,
        "waiting": 0,
    }
    assert time_to_resolution(START, None) is None
    assert time_to_resolution(START, START + timedelta(minutes=1)) == 60


@pytest.mark.covers("S2-03", "X-20")
async def test_a_ticket_says_how_long_it_was_in_each_status_and_until_its_resolution(
    timed: Any, clock: Clock
) -> None:
    ticket = await timed.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    for minutes, status in ((10, "in_progress"), (20, "waiting"), (30, "in_progress")):
        clock.now += timedelta(minutes=minutes)
        await timed.patch(path, status=status)
    clock.now += timedelta(minutes=5)
    running = await timed.get(path)
    assert running["time_in_status"] == {"new": 600, "in_progress": 1500, "waiting": 1800}
    assert running["time_to_resolution"] is None
    done = await timed.post(f"{path}/complete")
    assert done["time_to_resolution"] == 65 * 60
    clock.now += timedelta(hours=1)
    reopened = await timed.post(f"{path}/reopen")
    assert (reopened["closed_at"], reopened["time_to_resolution"]) == (None, None)
    assert reopened["time_in_status"]["completed"] == 3600


@pytest.mark.covers("X-20")
async def test_a_close_date_goes_with_a_closed_status_and_is_neither_to_come_nor_too_early(
    timed: Any, clock: Clock
) -> None:
    ticket = await timed.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    clock.now += timedelta(hours=2)
    noon = (START + timedelta(hours=1)).isoformat()
    for body, code in (
        ({"closed_at": noon}, "closed_at_of_open_ticket"),
        ({"closed_at": noon, "status": "waiting"}, "closed_at_of_open_ticket"),
        ({"closed_at": "2026-11-20T11:00:00Z", "status": "completed"}, "closed_at_in_future"),
        ({"closed_at": "2026-11-20T07:59:59Z", "status": "canceled"}, "closed_at_before_creation"),
        ({"closed_at": "2026-11-20T09:00:00"}, "validation_failed"),
    ):
        answer = await timed.http.patch(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    hint = (await timed.http.patch(path, json={"closed_at": noon})).json()["hint"]
    assert "status: completed" in hint
    done = await timed.patch(path, closed_at=noon, status="completed")
    assert datetime.fromisoformat(done["closed_at"]) == START + timedelta(hours=1)
    assert done["time_to_resolution"] == 3600
    assert done["time_in_status"]["new"] == 3600
    (closed,) = await timed.events(TicketClosed)
    assert closed.data.closed_at == START + timedelta(hours=1)
    later = await timed.patch(path, closed_at=(START + timedelta(hours=2)).isoformat())
    assert later["time_to_resolution"] == 7200
    empty = await timed.http.patch(path, json={"closed_at": None})
    assert (empty.status_code, empty.json()["code"]) == (422, "closed_at_required")
    assert (await timed.patch(path, status="new", closed_at=None))["closed_at"] is None
    dragged = await timed.post(f"{path}/status", status="canceled", closed_at=noon)
    assert dragged["time_to_resolution"] == 3600
