"""Merges, undoings and work between them in any order, against a model of what must come out."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay_contracts import TicketClosed, TicketMerged, TicketReopened, TicketUnmerged
from patchbay_kit.testing.harness import client, make_runtime
from ticket_svc.definition import SERVICE

WORK = ("note", "close", "reopen", "flag", "relate", "recipient")
STEPS = (*WORK, "merge", "merge", "undo", "undo")
TICKETS = 4
RUNNING = ("version", "updated_at", "time_in_status", "status_since", "closed_at")
Step = tuple[str, int, int]


@dataclass(eq=False)
class Ticket:
    """What one ticket must be like. `shown` is how it looked before it was merged."""

    id: str
    number: str
    open: bool = True
    waits: bool = False
    into: "Ticket | None" = None
    notes: list[str] = field(default_factory=list)
    related: list["Ticket"] = field(default_factory=list)
    shown: Any = None

    @property
    def last(self) -> "Ticket":
        return self if self.into is None else self.into.last


@dataclass(eq=False)
class Merge:
    id: str
    source: Ticket
    target: Ticket
    carried: list[str]
    was_open: bool
    was_waiting: bool
    undone: bool = False


@dataclass
class Play:
    """One sequence of steps at a desk; every answer must be the one that the model gives."""

    desk: Any
    manager: str
    tickets: list[Ticket]
    merges: list[Merge] = field(default_factory=list)
    written: int = 0

    async def step(self, step: Step) -> None:
        name, one, other = step
        ticket, second = self.tickets[one % TICKETS], self.tickets[other % TICKETS]
        if name in WORK:
            allowed = ticket.into is None and not (name == "flag" and not ticket.open)
            if name == "relate" and (second is ticket or second.into is not None):
                return
            answer = await self.work(name, ticket, second)
            assert answer.status_code in ((200, 201, 204) if allowed else (409,)), (step, answer)
            if allowed:
                self.apply(name, ticket, second)
        elif name == "merge":
            await self.merge(ticket, second)
        elif self.merges:
            open_ones = [each for each in self.merges if not each.undone]
            chosen = open_ones if open_ones and other % 4 else self.merges
            await self.undo(chosen[one % len(chosen)])

    async def work(self, name: str, ticket: Ticket, other: Ticket) -> Any:
        path = f"/v1/tickets/{ticket.number}"
        http = self.desk.http
        if name == "note":
            return await http.post(f"{path}/notes", json={"text": f"note {self.written}"})
        if name == "recipient":
            address = f"r{self.written % 3}@acme.example"
            return await http.post(f"{path}/recipients", json={"email": address})
        if name == "flag":
            return await http.patch(path, json={"awaits_dispatch": True})
        if name == "relate":
            return await http.post(f"{path}/relations", json={"ticket": other.id})
        return await http.post(f"{path}/{'complete' if name == 'close' else 'reopen'}")

    def apply(self, name: str, ticket: Ticket, other: Ticket) -> None:
        if name == "note":
            ticket.notes.append(f"note {self.written}")
        elif name == "flag":
            ticket.waits = True
        elif name == "relate":
            if other not in self.relations(ticket):
                ticket.related.append(other)
        elif name in ("close", "reopen"):
            ticket.open = name == "reopen"
        self.written += 1

    async def merge(self, source: Ticket, target: Ticket) -> None:
        allowed = source is not target and source.into is None and target.into is None
        shown = await self.shown(source)
        path = f"/v1/tickets/{source.id}/merge"
        answer = await self.desk.http.post(path, json={"into": target.number})
        assert answer.status_code in ((201,) if allowed else (409, 422)), answer.text
        if allowed:
            source.shown = shown
            carried = list(source.notes)
            merge = Merge(answer.json()["id"], source, target, carried, source.open, source.waits)
            target.notes += carried
            source.notes, source.into, source.open = [], target, False
            self.merges.append(merge)

    async def undo(self, merge: Merge) -> None:
        allowed = not merge.undone and merge.target.into is None
        answer = await self.desk.http.post(f"/v1/ticket-merges/{merge.id}/undo")
        assert answer.status_code == (200 if allowed else 409), answer.text
        if allowed:
            merge.undone, merge.source.into = True, None
            merge.source.open, merge.source.waits = merge.was_open, merge.was_waiting
            merge.source.notes = list(merge.carried)
            kept = Counter(merge.target.notes) - Counter(merge.carried)
            merge.target.notes = list(kept.elements())
            assert await self.shown(merge.source) == merge.source.shown

    async def shown(self, ticket: Ticket) -> Any:
        """All of the ticket that undoing has to bring back."""
        now = await self.desk.get(f"/v1/tickets/{ticket.id}")
        history = [each["text"] for each in await self.desk.history(ticket.id, kind="note")]
        return {name: value for name, value in now.items() if name not in RUNNING}, history

    def relations(self, ticket: Ticket) -> list[Ticket]:
        """Those that are seen from this ticket, through merges on either side."""
        pairs = [(each, other) for each in self.tickets for other in each.related]
        ends = [(each.last, other.last) for each, other in pairs]
        found = [b if a is ticket else a for a, b in ends if (a is ticket) != (b is ticket)]
        return [] if ticket.into else sorted(set(found), key=lambda each: each.number)

    async def check(self) -> None:
        for ticket in self.tickets:
            path = f"/v1/tickets/{ticket.id}"
            now = await self.desk.get(path)
            assert now["merged_into_id"] == (ticket.into.id if ticket.into else None)
            assert now["awaits_dispatch"] == (ticket.open and ticket.waits)
            assert (now["status_class"] == "open") == ticket.open
            notes = await self.desk.history(ticket.id, kind="note")
            assert Counter(each["text"] for each in notes) == Counter(ticket.notes)
            told = await self.desk.get(f"{path}/explain")
            born = [each for each in told["decisions"] if each["about"] == "ticket.created"]
            family = [each for each in self.tickets if self.reaches(each, ticket)]
            assert sorted(each["ticket_id"] for each in born) == sorted(e.id for e in family)
            related = await self.desk.get(f"{path}/relations")
            numbers = sorted(each["ticket"]["number"] for each in related)
            assert numbers == [each.number for each in self.relations(ticket)]
        alive = [each for each in self.tickets if each.into is None]
        counts = await self.desk.get("/v1/tickets/counts", manager_id=self.manager)
        assert (counts["all"], counts["open"], counts["dispatcher"]) == (
            len(alive),
            sum(each.open for each in alive),
            sum(each.open and each.waits for each in alive),
        )

    def reaches(self, ticket: Ticket | None, goal: Ticket) -> bool:
        return ticket is not None and (ticket is goal or self.reaches(ticket.into, goal))

    async def check_events(self) -> None:
        mine = {each.id for each in self.tickets}
        merged = [e for e in await self.desk.events(TicketMerged) if e.subject in mine]
        undone = [e for e in await self.desk.events(TicketUnmerged) if e.subject in mine]
        assert [each.data.merge_id for each in merged] == [each.id for each in self.merges]
        assert {e.data.merge_id for e in undone} == {e.id for e in self.merges if e.undone}
        assert len(undone) == sum(each.undone for each in self.merges)
        turns = await self.desk.events(TicketClosed) + await self.desk.events(TicketReopened)
        for ticket in self.tickets:
            told = sorted((e for e in turns if e.subject == ticket.id), key=lambda e: e.id)
            kinds = [type(each.data) for each in told]
            assert kinds == [TicketClosed, TicketReopened] * (len(kinds) // 2) + (
                [TicketClosed] * (len(kinds) % 2)
            )


async def played(desk: Any, steps: list[Step]) -> None:
    account = await desk.account()
    manager = await desk.employee("Mia", f"{account}@desk.example")
    made = [await desk.ticket(account, manager_id=manager) for _ in range(TICKETS)]
    play = Play(desk, manager, [Ticket(each["id"], each["number"]) for each in made])
    for step in steps:
        await play.step(step)
    await play.check()
    for merge in reversed(play.merges):
        await play.undo(merge)
    await play.check()
    await play.check_events()


@pytest.fixture(scope="module")
def runner_and_desk(
    tmp_path_factory: pytest.TempPathFactory, make_desk: Any
) -> Iterator[tuple[asyncio.Runner, Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('model')}/model.db"
    with asyncio.Runner() as runner:
        opened = make_runtime(SERVICE, url)
        runtime = runner.run(opened.__aenter__())
        asking = client(runtime, SERVICE)
        http = runner.run(asking.__aenter__())
        yield runner, make_desk(runtime, http)
        runner.run(asking.__aexit__(None, None, None))
        runner.run(opened.__aexit__(None, None, None))


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 11), st.integers(0, 11)),
        min_size=4,
        max_size=20,
    )
)
def test_merges_and_work_in_any_order_lose_and_double_nothing_and_are_undone_exactly(
    runner_and_desk: Any, steps: list[Step]
) -> None:
    runner, desk = runner_and_desk
    runner.run(played(desk, steps))


@pytest.mark.slow
async def test_a_long_sequence_of_merges_and_work_comes_out_as_the_model_says(desk: Any) -> None:
    chance = random.Random(11)  # no secret
    steps = [(chance.choice(STEPS), chance.randrange(12), chance.randrange(12)) for _ in range(90)]
    await played(desk, steps)
