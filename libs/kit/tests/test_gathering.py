"""What is asked at the same time is carried out together, and each gets their own answer."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from patchbay_kit.gathering import Gathering
from patchbay_kit.tracing import Trace, current_trace, traced


class Counter:
    """Doubles numbers when it is let; zero is refused."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.let = asyncio.Event()
        self.traces: list[Any] = []
        self.broken = False

    async def double(self, numbers: Sequence[int]) -> list[int | BaseException]:
        self.calls.append(list(numbers))
        self.traces.append(current_trace())
        await self.let.wait()
        if self.broken:
            raise OSError("away")
        return [number * 2 if number else ValueError("zero") for number in numbers]


async def asked(gathering: Gathering[int, int], *numbers: int) -> list["asyncio.Task[int]"]:
    tasks = [asyncio.create_task(gathering.ask(number)) for number in numbers]
    for _ in range(20):
        await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_others_are_served_is_taken_together_next() -> None:
    counter = Counter()
    gathering = Gathering(counter.double, at_most=3, abreast=1)
    tasks = await asked(gathering, 1)
    assert counter.calls == [[1]]
    tasks += await asked(gathering, 2, 3, 4, 5)
    assert counter.calls == [[1]]
    counter.let.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10]
    assert counter.calls == [[1], [2, 3, 4], [5]]


async def test_no_more_than_so_many_run_abreast() -> None:
    counter = Counter()
    gathering = Gathering(counter.double, abreast=2)
    tasks = [task for number in (1, 2, 3, 4) for task in await asked(gathering, number)]
    assert counter.calls == [[1], [2]]
    counter.let.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8]
    assert counter.calls == [[1], [2], [3, 4]]


async def test_a_refusal_is_its_askers_alone_and_a_failure_everybodys() -> None:
    counter = Counter()
    gathering = Gathering(counter.double, abreast=1)
    counter.let.set()
    answers = await asyncio.gather(
        *(gathering.ask(number) for number in (1, 0, 3)), return_exceptions=True
    )
    assert [answers[0], answers[2]] == [2, 6]
    assert isinstance(answers[1], ValueError)
    counter.broken = True
    failed = await asyncio.gather(gathering.ask(1), gathering.ask(2), return_exceptions=True)
    assert [type(each) for each in failed] == [OSError, OSError]
    counter.broken = False
    assert await gathering.ask(4) == 8


async def test_who_leaves_stops_nobody_else() -> None:
    counter = Counter()
    gathering = Gathering(counter.double, abreast=1)
    first, second = await asked(gathering, 1, 2)
    first.cancel()
    counter.let.set()
    assert await second == 4
    with pytest.raises(asyncio.CancelledError):
        await first
    assert counter.calls == [[1, 2]]


async def test_nobodys_trace_is_everybodys() -> None:
    counter = Counter()
    counter.let.set()
    with traced(Trace("00-" + "1" * 32 + "-" + "2" * 16 + "-01", "mine")):
        await Gathering(counter.double).ask(1)
    assert counter.traces == [None]
