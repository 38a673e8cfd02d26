"""Property: a bulk of n leaves the rows and events that n single calls leave."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from patchbay_kit.auth import Principal
from patchbay_kit.db.tables import outbox
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import bearer, client, make_principal, make_runtime
from ticket_svc.definition import SERVICE
from ticket_svc.tickets.tables import Decision, HistoryEntry, Recipient, Ticket, TicketRead

MISSING = "01890000-0000-7000-8000-00000000000f"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?(\+00:00|Z| UTC)?")
_PARTS: list[Any] = [HistoryEntry, Recipient, Decision, TicketRead]

# Method and path of the single call, and the action in a bulk; the body is the rest of it.
ACTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/complete", {"kind": "complete"}),
    ("POST", "/cancel", {"kind": "cancel"}),
    ("POST", "/reopen", {"kind": "reopen"}),
    ("POST", "/inbox", {"kind": "move_to_inbox"}),
    ("DELETE", "/inbox", {"kind": "remove_from_inbox"}),
    ("POST", "/read", {"kind": "mark_read"}),
    ("POST", "/unread", {"kind": "mark_unread"}),
    ("POST", "/subscription", {"kind": "subscribe"}),
    ("DELETE", "/subscription", {"kind": "unsubscribe"}),
    ("PATCH", "", {"kind": "change", "fields": {"priority": "high", "subject": "New"}}),
    ("PATCH", "", {"kind": "change", "fields": {"contact_id": MISSING}}),
    ("PATCH", "", {"kind": "assign", "manager_id": None}),
    ("PATCH", "", {"kind": "dispatch", "awaits_dispatch": True}),
    ("POST", "/status", {"kind": "status", "status": "waiting", "remove_from_inbox": True}),
    ("POST", "/status", {"kind": "status", "status": "new", "closed_at": "2026-01-01T00:00:00Z"}),
    ("POST", "/notes", {"kind": "note", "text": "Seen", "public": True}),
    ("POST", "/recipients", {"kind": "add_recipient", "email": "bob@b.example"}),
]
# Five tickets, one that is not there, and a text that is no id; and the version to be sent.
COUNT = 5
ITEMS = st.lists(
    st.tuples(st.integers(0, COUNT + 1), st.sampled_from(["none", "present", "other"])),
    min_size=1,
    max_size=COUNT + 2,
    unique_by=lambda item: item[0],
)


class World:
    """One service for all examples; each has tickets of its own, twice."""

    def __init__(self, runner: asyncio.Runner, runtime: Runtime, http: httpx.AsyncClient) -> None:
        self.runner = runner
        self.runtime = runtime
        self.http = http
        self.account = ""
        self.callers: list[Principal] = []

    async def prepare(self) -> None:
        """An account, a program, and two employees: one sees everything, one their own tickets."""
        self.account = (await self.call("POST", "/v1/accounts", {"name": "ACME"}))["id"]
        for name, permissions in (("Ines", {"desk", "tickets.all"}), ("Mia", {"desk"})):
            body = {"name": name, "email1": f"{name}@desk.example".lower()}
            employee = (await self.call("POST", "/v1/employees", body))["id"]
            self.callers.append(make_principal(permissions, id=employee, name=name))
        self.callers.append(make_principal({"desk", "tickets.all"}, kind="api_key"))

    async def call(
        self, method: str, path: str, body: Any, caller: Principal | None = None
    ) -> dict[str, Any]:
        """The body of an answer that must be good."""
        headers = bearer(caller) if caller else {}
        answer = await self.http.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def tickets(self) -> list[dict[str, Any]]:
        """A plain one, two with an envelope, a closed one, and one that was merged away."""
        ines, mia, program = self.callers
        managed = ({}, {"manager_id": mia.id}, {"manager_id": ines.id}, {}, {})
        made = []
        for each, maker in zip(managed, (ines, program, program, ines, ines), strict=True):
            body = {"account_id": self.account, "subject": "Printer", **each}
            made.append(await self.call("POST", "/v1/tickets", body, maker))
        await self.call("POST", f"/v1/tickets/{made[3]['id']}/complete", None)
        merged = {"into": made[0]["id"]}
        await self.call("POST", f"/v1/tickets/{made[4]['id']}/merge", merged)
        return [await self.call("GET", f"/v1/tickets/{each['id']}", None) for each in made]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Its own event loop, since the examples of a property share it."""
    path: Path = tmp_path_factory.mktemp("bulk") / "ticket.db"
    with asyncio.Runner() as runner:
        opened = make_runtime(SERVICE, f"sqlite+aiosqlite:///{path}", admin_password="x" * 12)
        runtime = runner.run(opened.__aenter__())
        requests = client(runtime, SERVICE)
        made = World(runner, runtime, runner.run(requests.__aenter__()))
        runner.run(made.prepare())
        yield made
        runner.run(requests.__aexit__(None, None, None))
        runner.run(opened.__aexit__(None, None, None))


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.sampled_from(ACTIONS), items=ITEMS, who=st.integers(0, 2))
def test_a_bulk_leaves_what_single_calls_leave(
    world: World, chosen: tuple[str, str, dict[str, Any]], items: list[Any], who: int
) -> None:
    caller = world.callers[who]
    assert world.runner.run(_together(world, chosen, items, caller)) == world.runner.run(
        _one_by_one(world, chosen, items, caller)
    )


async def _together(world: World, chosen: Any, items: Any, caller: Principal) -> Any:
    tickets = await world.tickets()
    keys = [_key(tickets, place) for place, _ in items]
    body = {"tickets": keys, "action": chosen[2], "if_match": {}}
    for key, (place, version) in zip(keys, items, strict=True):
        if version != "none":
            body["if_match"][key] = _version(tickets, place, version)
    answer = await world.call("POST", "/v1/tickets/bulk", body, caller)
    results = [(item["status"], (item["problem"] or {}).get("code")) for item in answer["items"]]
    return results, await _left(world, tickets)


async def _one_by_one(world: World, chosen: Any, items: Any, caller: Principal) -> Any:
    tickets = await world.tickets()
    method, path, action = chosen
    body = action.get("fields") or {k: v for k, v in action.items() if k != "kind"} or None
    results = []
    for place, version in items:
        headers = bearer(caller)
        if version != "none":
            headers["If-Match"] = f'"{_version(tickets, place, version)}"'
        url = f"/v1/tickets/{_key(tickets, place)}{path}"
        answer = await world.http.request(method, url, json=body, headers=headers)
        good = answer.is_success
        results.append((200, None) if good else (answer.status_code, answer.json()["code"]))
    return results, await _left(world, tickets)


def _key(tickets: list[dict[str, Any]], place: int) -> str:
    if place < COUNT:
        return str(tickets[place]["number" if place % 2 else "id"])
    return MISSING if place == COUNT else "no id"


def _version(tickets: list[dict[str, Any]], place: int, version: str) -> int:
    present = int(tickets[place]["version"]) if place < COUNT else 1
    return present if version == "present" else present + 1


async def _left(world: World, tickets: list[dict[str, Any]]) -> list[Any]:
    """Rows and events of each ticket, without times and with ids by what they stand for."""
    names = {world.account: "account"}
    names |= {caller.id: caller.name for caller in world.callers}
    for place, ticket in enumerate(tickets):
        names |= {ticket["id"]: f"ticket {place}", ticket["number"]: f"number {place}"}
    left: list[Any] = []
    async with world.runtime.db.read() as session:
        for ticket in tickets:
            rows = [await _rows(session, Ticket.__table__, "id", ticket["id"])]
            rows += [await _rows(session, t.__table__, "ticket_id", ticket["id"]) for t in _PARTS]
            rows.append(await _rows(session, outbox, "aggregateid", ticket["id"]))
            left.append([[_plain(row, names) for row in each] for each in rows])
    return left


async def _rows(session: Any, table: Any, column: str, value: str) -> list[dict[str, Any]]:
    place = table.c.seq if "seq" in table.c else next(iter(table.primary_key))
    found = await session.execute(select(table).where(table.c[column] == value).order_by(place))
    return [dict(row._mapping) for row in found]


def _plain(row: dict[str, Any], names: dict[str, str]) -> str:
    kept = {name: value for name, value in row.items() if name not in ("seq", "seconds_in_status")}
    text = json.dumps(kept, default=str, sort_keys=True)
    for known, name in names.items():
        text = text.replace(known, name)
    return re.sub(r'\\"traceparent\\":\\"[^"]*"', "", _TIME.sub("time", _ID.sub("id", text)))
