"""Merges and undoings between mails, notes and remote news: nothing is lost or doubled."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay_kit.testing.harness import client, deliver, make_runtime, published
from ticket_svc.definition import SERVICE

STEPS = ["note", "mail", "remote", "merge", "undo"]


class World:
    """One service for all examples; each has a connection of its own."""

    def __init__(self, runner: asyncio.Runner, runtime: Any, rmm: Any, mail: Any) -> None:
        self.runner = runner
        self.runtime = runtime
        self.rmm = rmm
        self.mail = mail


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, rmm_class: Any, mail_maker: Any
) -> Iterator[World]:
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('merges')}/merges.db"
    with asyncio.Runner() as runner:
        opened = make_runtime(SERVICE, url)
        yield World(runner, runner.run(opened.__aenter__()), rmm_class, mail_maker)
        runner.run(opened.__aexit__(None, None, None))


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=8))
def test_whatever_comes_between_merges_is_on_one_of_the_tickets_once(
    world: World, steps: list[str]
) -> None:
    written, found, versions = world.runner.run(_played(world, steps))
    assert found == Counter(written)
    for counted in versions:
        assert counted == list(range(1, len(counted) + 1))


async def _played(
    world: World, steps: list[str]
) -> tuple[list[str], Counter[str], list[list[int]]]:
    """What was written, what of it is where, and the versions of both tickets' events."""
    rmm = world.rmm()
    await _take(world, rmm.received("1"))
    async with client(world.runtime, SERVICE) as http:
        params = {"connection_id": rmm.connection}
        (source,) = (await http.get("/v1/tickets", params=params)).json()["items"]
        new = {"account_id": source["account"]["id"], "subject": "Target"}
        target = (await http.post("/v1/tickets", json=new)).json()
        here, merges, written = f"/v1/tickets/{source['id']}", [], []
        number, token = source["number"], source["id"]
        for place, step in enumerate(steps):
            text = f"{place} {step}"
            if step == "merge":
                answer = await http.post(f"{here}/merge", json={"into": target["id"]})
                merges += [answer.json()["id"]] if answer.is_success else []
                assert answer.status_code in (201, 409)
            elif step == "undo" and merges:
                answer = await http.post(f"/v1/ticket-merges/{merges[-1]}/undo")
                assert answer.status_code in (200, 409)
            elif step == "note":
                answer = await http.post(f"{here}/notes", json={"text": text})
                written += [text] if answer.is_success else []
            elif step == "mail":
                fields = {"subject_numbers": [number], "token_ticket_id": token}
                await _take(world, world.mail("a@b.example", text, new_text=text, **fields))
                written.append(text)
            elif step == "remote":
                event = rmm.noted(text)
                await _take(world, event, event)
                written.append(text)
        found: Counter[str] = Counter()
        for ticket in (source, target):
            history = await http.get(f"/v1/tickets/{ticket['id']}/history", params={"limit": 200})
            kinds = ("note", "email", "remote_note")
            found.update(e["text"] for e in history.json()["items"] if e["kind"] in kinds)
    events = await published(world.runtime)
    versions = [
        [event.aggregateversion for event in events if event.subject == ticket["id"]]
        for ticket in (source, target)
    ]
    return written, found, versions


async def _take(world: World, *events: Any) -> None:
    verdicts = await deliver(world.runtime, SERVICE, events)
    assert all(verdict.retry_step is None for verdict in verdicts)
