"""Envelope and bold: whether the ticket manager has seen the last external update."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay_contracts import TicketMarkedRead, TicketMarkedUnread
from patchbay_kit.testing.harness import bearer, client, make_principal, make_runtime
from ticket_svc.definition import SERVICE

BOTH = {"desk", "tickets.all", "tickets.mark_read"}


@pytest.mark.covers("S2-54", "S2-56", "S2-58", "S2-59", "S2-60", "S2-61", "S2-62")
async def test_envelope_is_for_everybody_and_bold_for_the_manager_alone(
    desk: Any, runtime: Any
) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    ticket = await desk.ticket(manager_id=mia)
    path = f"/v1/tickets/{ticket['id']}"
    assert [ticket[name] for name in ("envelope", "own", "bold")] == ["none", False, False]
    program = make_principal({"desk", "tickets.all"}, kind="api_key")
    async with client(runtime, SERVICE, principal=program) as http:
        await http.post(f"{path}/notes", json={"text": "Help!"})
    manager = make_principal({"desk"}, id=mia)
    async with client(runtime, SERVICE, principal=manager) as http:
        for _ in range(2):
            seen = (await http.get(path)).json()
            assert [seen[name] for name in ("envelope", "own", "bold")] == ["closed", True, True]
        read = (await http.post(f"{path}/read")).json()
        assert [read[name] for name in ("envelope", "bold")] == ["open", False]
    others = await desk.get(path)
    assert [others[name] for name in ("envelope", "own", "bold")] == ["open", False, False]
    assert "unread" not in [e["data"].get("field") for e in await desk.history(ticket["id"])]
    (told,) = await desk.events(TicketMarkedRead)
    assert (told.data.manager_id, told.aggregateversion) == (mia, others["version"])
    assert others["updated_at"] == seen["updated_at"]


@pytest.mark.covers("S2-64")
async def test_marking_read_in_the_managers_place_needs_a_permission(
    desk: Any, runtime: Any, rmm: Any
) -> None:
    await desk.take(rmm.received(), rmm.noted("Hello."))
    path = f"/v1/tickets/{(await desk.only_ticket())['id']}/read"
    async with client(runtime, SERVICE, permissions={"desk", "tickets.all"}) as http:
        refused = await http.post(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")
        assert refused.json()["permission"] == "tickets.mark_read"
    deputy = make_principal(BOTH)
    async with client(runtime, SERVICE, principal=deputy) as http:
        for _ in range(2):
            assert (await http.post(path)).json()["envelope"] == "open"
    entry = (await desk.history(path.split("/")[3]))[-1]
    assert (entry["actor"], entry["kind"], entry["public"]) == (deputy.actor, "audit", False)
    assert entry["data"] == {"field": "unread", "old": True, "new": False}
    async with client(runtime, SERVICE, permissions={"desk"}) as http:
        assert (await http.post(path)).status_code == 404


@pytest.mark.covers("S2-56", "S2-57")
async def test_a_ticket_that_nobody_outside_touched_has_no_envelope_to_close(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    await desk.post(f"{path}/notes", text="Ours.")
    assert (await desk.post(f"{path}/read"))["envelope"] == "none"
    refused = await desk.http.post(f"{path}/unread")
    assert (refused.status_code, refused.json()["code"]) == (409, "never_external")
    assert await desk.events(TicketMarkedRead) == []


@pytest.mark.covers("S2-57", "S2-63")
async def test_marking_is_told_once_however_often_it_is_done(desk: Any, rmm: Any) -> None:
    await desk.take(rmm.received(), rmm.noted("Hello."))
    path = f"/v1/tickets/{(await desk.only_ticket())['id']}"
    for tail in ("unread", "read", "read", "unread", "unread", "read"):
        await desk.post(f"{path}/{tail}")
    assert len(await desk.events(TicketMarkedRead)) == 2
    assert len(await desk.events(TicketMarkedUnread)) == 1
    await desk.take(rmm.noted("And another thing."))
    assert (await desk.get(path))["envelope"] == "closed"


@pytest.mark.covers("S2-62")
async def test_how_long_one_looks_before_a_ticket_counts_as_read_is_a_setting(desk: Any) -> None:
    assert (await desk.get("/v1/settings"))["read_dwell_seconds"] == 3
    assert (await desk.patch("/v1/settings", read_dwell_seconds=0))["read_dwell_seconds"] == 0
    for wrong in (-1, 61):
        answer = await desk.http.patch("/v1/settings", json={"read_dwell_seconds": wrong})
        assert answer.status_code == 422


@dataclass
class Model:
    """The ruling in as few words as it takes: updates are numbered, reads remember a number."""

    manager: str
    update: int = 0
    unread: bool = False
    reads: dict[str, int] = field(default_factory=dict)

    def step(self, step: tuple[str, str]) -> None:
        kind, who = step
        if kind == "update":
            self.update, self.unread = self.update + 1, True
        elif kind == "manager" and who != self.manager:
            self.manager = who
            self.unread = self.reads.get(who, 0) < self.update
        elif kind == "read" and self.update:
            self.reads |= {self.manager: self.update, who: self.update}
            self.unread = False
        elif kind == "unread" and self.update:
            self.reads |= {self.manager: 0, who: 0}
            self.unread = True

    @property
    def envelope(self) -> str:
        return "none" if not self.update else "closed" if self.unread else "open"


STEPS = [("update", "")] + [(k, w) for k in ("read", "unread", "manager") for w in ("a", "b")]


class World:
    """One service for all examples, with two employees who may read for each other."""

    def __init__(self, runner: asyncio.Runner, runtime: Any, people: dict[str, str]) -> None:
        self.runner = runner
        self.runtime = runtime
        self.people = people
        self.account = ""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('reads')}/reads.db"
    with asyncio.Runner() as runner:
        opened = make_runtime(SERVICE, url)
        built = World(runner, runner.run(opened.__aenter__()), {})
        runner.run(_people(built))
        yield built
        runner.run(opened.__aexit__(None, None, None))


async def _people(world: World) -> None:
    async with client(world.runtime, SERVICE) as http:
        for name in ("a", "b"):
            person = {"name": name, "email1": f"{name}@desk.example"}
            world.people[name] = (await http.post("/v1/employees", json=person)).json()["id"]
        world.account = (await http.post("/v1/accounts", json={"name": "ACME"})).json()["id"]


@pytest.mark.covers("S2-65")
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=8))
def test_any_order_of_updates_reads_and_managers_agrees_with_the_ruling(
    world: World, steps: list[tuple[str, str]]
) -> None:
    model = Model("a")
    for step in steps:
        model.step(step)
    bold = model.update > 0 and model.unread
    expected = (model.envelope, bold and model.manager == "a", bold and model.manager == "b")
    assert world.runner.run(_played(world, steps)) == expected


async def _played(world: World, steps: list[tuple[str, str]]) -> tuple[Any, ...]:
    callers = {
        name: make_principal(BOTH, id=employee) for name, employee in world.people.items()
    } | {"": make_principal({"desk", "tickets.all"}, kind="api_key")}
    headers = {name: bearer(caller) for name, caller in callers.items()}
    async with client(world.runtime, SERVICE, principal=callers["a"]) as http:
        new = {"account_id": world.account, "subject": "x", "manager_id": world.people["a"]}
        path = f"/v1/tickets/{(await http.post('/v1/tickets', json=new)).json()['id']}"
        for kind, who in steps:
            if kind == "update":
                answer = await http.post(f"{path}/notes", json={"text": "x"}, headers=headers[""])
            elif kind == "manager":
                answer = await http.patch(path, json={"manager_id": world.people[who]})
            else:
                answer = await http.post(f"{path}/{kind}", headers=headers[who])
            assert answer.is_success or answer.json()["code"] == "never_external"
        views = [(await http.get(path, headers=headers[name])).json() for name in ("a", "b")]
    return (views[0]["envelope"], *(view["bold"] for view in views))
