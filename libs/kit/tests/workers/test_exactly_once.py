"""Any order of deliveries, duplicates and failures gives exactly one effect an event."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay_contracts import AccountRenamed, Envelope
from patchbay_kit.bus import Delivery
from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.errors import PermanentError
from patchbay_kit.testing.consumer import CountingConsumer, delivery, renamed
from patchbay_kit.workers.processing import DatabaseAwayError

FATES = ("good", "transient", "permanent", "away", "sometimes")


class World:
    """A queue that duplicates and reorders, workers that crash before they settle, and handlers
    that fail as `chance` has it. Kept for all examples; each uses fresh events.
    """

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        url = f"sqlite+aiosqlite:///{folder}/world.db"
        self.consumer = CountingConsumer(Database(url, service="desk-svc"))
        self.consumer.plans = dict.fromkeys(FATES, self._suffer)
        self.chance = random.Random(0)
        self.runner.run(self.consumer.create_tables())

    def close(self) -> None:
        self.runner.run(self.consumer.db.close())
        self.runner.close()

    async def _suffer(self, _uow: UnitOfWork, event: Envelope[AccountRenamed]) -> None:
        fate = event.data.name
        if fate == "permanent":
            raise PermanentError("poison", "not edible")
        if fate == "transient" or (fate == "sometimes" and self.chance.random() < 0.5):
            raise RuntimeError("not now")
        if fate == "away" and self.chance.random() < 0.5:
            raise DatabaseAwayError("restarting")

    async def deliver_all(self, queue: list[Delivery]) -> None:
        while queue:
            self.chance.shuffle(queue)
            batch = queue[: self.chance.randint(1, 8)]
            try:
                verdicts = await self.consumer.processor.process(batch)
            except DatabaseAwayError:
                continue
            if self.chance.random() < 0.2:
                continue  # A crash after the commit and before the bus was told.
            del queue[: len(verdicts)]
            queue += [
                replace(verdict.delivery, attempt=verdict.delivery.attempt + 1)
                for verdict in verdicts
                if verdict.retry_step is not None
            ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.mark.covers("S1-61")
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    fates=st.lists(st.tuples(st.sampled_from(FATES), st.integers(1, 4)), min_size=1, max_size=10),
    seed=st.integers(0, 2**32),
)
def test_each_event_has_one_effect_or_a_letter(
    world: World, fates: list[tuple[str, int]], seed: int
) -> None:
    world.chance = random.Random(seed)
    events = [(renamed(fate), copies) for fate, copies in fates]
    queue = [delivery(event) for event, copies in events for _ in range(copies)]

    world.runner.run(world.deliver_all(queue))

    effects = Counter(world.runner.run(world.consumer.effects()))
    parked = {letter.event_id for letter in world.runner.run(world.consumer.letters())}
    inbox = world.runner.run(world.consumer.inbox())
    for event, _ in events:
        fate = event.data.name
        assert effects[event.id] <= 1
        assert (event.id in inbox) == (effects[event.id] == 1)
        assert effects[event.id] == 1 or event.id in parked
        if fate in ("good", "away"):
            assert effects[event.id] == 1
            assert event.id not in parked
        if fate in ("transient", "permanent"):
            assert effects[event.id] == 0
