"""What is asked at the same time is carried out together: one transaction for many requests.

Nobody waits for company: who comes first is carried out at once, and those who come meanwhile
are taken together next.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Of the event loop, without anybody new, after which those who are there are served.
_TURNS = 3

CarryOut = Callable[[Sequence[T]], Awaitable[Sequence[R | BaseException]]]


class Gathering(Generic[T, R]):
    """`carry_out` gives in the same order what each asker gets, or has raised; what it raises
    itself is raised to all of them. At most `abreast` of its calls run at a time, each for at most
    `at_most` askers.
    """

    def __init__(self, carry_out: CarryOut[T, R], *, at_most: int = 50, abreast: int = 2) -> None:
        self._carry_out = carry_out
        self._at_most = at_most
        self._abreast = abreast
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, item: T) -> R:
        """What came of it. It is carried out even where the asker leaves meanwhile."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if len(self._running) < self._abreast:
            self._start()
        return await answer

    def _start(self) -> None:
        # In a context of its own: the trace and the log's names are each asker's.
        task = asyncio.create_task(self._run(), context=Context())
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._waiting and not task.cancelled():
            self._start()

    async def _all_that_come(self) -> None:
        """Those who are being read from their sockets at this moment come along: a few turns of the
        event loop, and no waiting.
        """
        seen, turns = 0, 0
        while turns < _TURNS and len(self._waiting) < self._at_most:
            turns = 0 if len(self._waiting) > seen else turns + 1
            seen = len(self._waiting)
            await asyncio.sleep(0)

    async def _run(self) -> None:
        await self._all_that_come()
        count = min(len(self._waiting), self._at_most)
        taken = [self._waiting.popleft() for _ in range(count)]
        if not taken:
            return
        try:
            outcomes = await self._carry_out([item for item, _ in taken])
        except asyncio.CancelledError:
            for _, answer in taken:
                answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001  # it is raised to those who asked
            outcomes = [error] * len(taken)
        for (_, answer), outcome in zip(taken, outcomes, strict=True):
            if answer.done():
                continue
            if isinstance(outcome, BaseException):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
