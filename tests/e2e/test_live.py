"""The live feed over real HTTP: told at once, ended by a stop, gone on with after it."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from patchbay_kit.testing.system.api import Api
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.mail import until

LIVE = "/v1/live"
BULK = "/v1/tickets/bulk"


class Screen:
    """Somebody who is connected; `events` is what they were told, in order."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.ended: float | None = None

    def read(self, answer: httpx.Response) -> None:
        """Until the stream ends, whoever ends it."""
        event: dict[str, Any] = {}
        try:
            for line in answer.iter_lines():
                name, _, value = line.partition(":")
                if name:
                    event[name] = value.strip()
                elif event.keys() & {"event"}:
                    self.events.append({**event, "data": json.loads(event["data"])})
                    event = {}
        except (httpx.TransportError, httpx.StreamError):
            pass  # Cut off: as good an end as any.
        self.ended = time.monotonic()

    def heard(self, number: str) -> list[str]:
        """What happened to the ticket, as far as they know."""
        told = [event["data"] for event in self.events if event["event"] == "change"]
        return [each["type"] for each in told if each.get("number") == number]


@contextmanager
def screen(system: System, api: Api, last_event_id: str | None = None) -> Iterator[Screen]:
    """A connected screen."""
    login = {"email": api.email, "password": api.password}
    token = system.api.post("/v1/auth/token", login)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    opened = Screen()
    url = system.base_url(LIVE) + LIVE
    with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        reader = threading.Thread(target=opened.read, args=(answer,), daemon=True)
        reader.start()
        until(lambda: opened.events, "the first event of the stream")
        yield opened


def ticket(system: System, **fields: Any) -> dict[str, Any]:
    account = system.api.post("/v1/accounts", {"name": "Live"})["id"]
    body = {"account_id": account, "subject": "Printer", **fields}
    return dict(system.api.post("/v1/tickets", body))


def test_screens_hear_at_once_of_the_tickets_that_they_may_see(system: System) -> None:
    email, password = f"live-{secrets.token_hex(4)}@msp.example", secrets.token_urlsafe(18)
    employee = system.api.post(
        "/v1/employees",
        {"name": "Live", "email1": email, "password": password, "permissions": ["desk"]},
    )
    theirs = system.api.signed_in_as(email, password)
    with screen(system, system.api) as all_of_it, screen(system, theirs) as own:
        hidden = ticket(system)["number"]
        shown = ticket(system, manager_id=employee["id"])["number"]
        system.api.post(BULK, {"tickets": [hidden, shown], "action": {"kind": "complete"}})
        closed = ["ticket.created", "ticket.updated", "ticket.closed"]
        until(lambda: all_of_it.heard(hidden) == closed, "everything at the first screen")
        until(lambda: own.heard(shown) == closed, "their own ticket at the second screen")
        assert own.heard(hidden) == []
    theirs.close()


@pytest.mark.timeout(240)
def test_a_stop_ends_the_stream_at_once_and_a_screen_goes_on_where_it_left_off(
    system: System,
) -> None:
    number = ticket(system)["number"]
    note = {"tickets": [number], "action": {"kind": "note", "text": "On it."}}
    with screen(system, system.api) as first:
        for _ in range(2):
            system.api.post(BULK, note)
        until(lambda: len(first.heard(number)) == 2, "both notes")
        stopped = time.monotonic()
        assert set(system.stop().values()) == {0}
        until(lambda: first.ended, "the end of the stream")
    assert first.ended is not None
    assert first.ended - stopped < 5
    changes = [event for event in first.events if event["data"].get("number") == number]
    system.start()
    with screen(system, system.api, changes[0]["id"]) as again:
        until(lambda: len(again.heard(number)) == 1, "the note that came after")
        assert again.events[0]["event"] == "hello"
        system.api.post(BULK, note)
        until(lambda: len(again.heard(number)) == 2, "what happens now")
        assert [event["id"] for event in again.events if event in changes] == [changes[1]["id"]]


def test_nobody_connects_without_a_token_and_an_unknown_place_says_so(system: System) -> None:
    assert httpx.get(system.base_url(LIVE) + LIVE).status_code == 401
    with screen(system, system.api, "0-99999999999") as lost:
        assert lost.events[0]["event"] == "reset"
