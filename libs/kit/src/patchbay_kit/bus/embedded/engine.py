"""What an opened bus file needs in memory: the window of each queue, and who waits for when."""

import asyncio
import heapq
import time
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any

from patchbay_kit.bus.embedded import store
from patchbay_kit.bus.embedded.queues import WINDOW, QueueState
from patchbay_kit.bus.embedded.store import Row
from patchbay_kit.bus.embedded.writer import Writer
from patchbay_kit.bus.port import OutgoingMessage


class Engine:
    """Lives from start to stop. All methods run in the loop; jobs run in the writer."""

    def __init__(
        self, writer: Writer, recovered: store.Recovered, delay_steps: Sequence[float]
    ) -> None:
        self.writer = writer
        self._delay_steps = delay_steps
        self._last_id = recovered.last_id
        self._queues: dict[str, QueueState] = {}
        self._delayed: list[tuple[float, int, str]] = list(recovered.delayed)
        self._timer: asyncio.TimerHandle | None = None
        heapq.heapify(self._delayed)
        self._arm()

    def queue(self, name: str) -> QueueState:
        """The window of a queue; filled only while somebody consumes it."""
        return self._queues.setdefault(name, QueueState(name))

    def close(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()

    def row(self, message: OutgoingMessage, queue: str) -> Row:
        """A message for one queue, under the next id."""
        self._last_id += 1
        return Row(self._last_id, queue, message.event_id, message.routing_key, message.body)

    def store(self, rows: Sequence[Row]) -> "asyncio.Future[None]":
        """Commit and sync new messages, then show them to their consumers."""

        def committed(_: None) -> None:
            for row in rows:
                if (state := self._queues.get(row.queue)) is not None:
                    state.offer(row)

        return self.writer.submit(partial(store.insert, rows=rows), durable=True, done=committed)

    def load_if_needed(self, state: QueueState) -> None:
        """Refill the window from the file."""
        if not state.wants_loading:
            return
        state.loading = True
        work = partial(store.load_waiting, queue=state.name, after=state.tail, limit=WINDOW)
        job = self.writer.submit(work, done=lambda found: state.loaded(*found))
        job.add_done_callback(partial(_load_ended, state))

    def mark_in_flight(self, ids: Sequence[int]) -> None:
        """Not awaited: the mark only has to outrun a crash of the handler."""
        self.writer.submit(partial(store.mark_in_flight, ids=ids))

    def hand_back(self, state: QueueState, rows: Sequence[Row]) -> None:
        """Unsettled messages of a consumer that ended: the next one gets them."""
        self.writer.submit(partial(store.hand_back, ids=[row.id for row in rows]))
        for row in rows:
            row.returned = True
        state.give_back(rows)

    def settle(self, ids: Sequence[int]) -> "asyncio.Future[None]":
        """Remove for good."""
        return self.writer.submit(partial(store.settle, ids=ids))

    def delay(self, row: Row, step: int) -> "asyncio.Future[None]":
        """Let it come back as the next attempt after the step's time."""
        due_at = time.time() + self._delay_steps[step]
        work = partial(store.delay, row_id=row.id, attempt=row.attempt + 1, due_at=due_at)

        def committed(_: None) -> None:
            heapq.heappush(self._delayed, (due_at, row.id, row.queue))
            self._arm()

        return self.writer.submit(work, durable=True, done=committed)

    async def count(self, queue: str) -> int:
        """Messages of a queue that are not delayed, in flight included."""
        return await self.writer.submit(partial(store.count, queue=queue, now=time.time()))

    def _arm(self) -> None:
        """Set the clock to the earliest delayed message."""
        self.close()
        if self._delayed:
            wait = max(0.0, self._delayed[0][0] - time.time())
            self._timer = asyncio.get_running_loop().call_later(wait, self._on_due)

    def _on_due(self) -> None:
        ids = []
        while self._delayed and self._delayed[0][0] <= time.time():
            ids.append(heapq.heappop(self._delayed)[1])
        if ids and self.writer.is_open:
            self.writer.submit(partial(store.load_by_id, ids=ids), done=self._came_due)
        self._arm()

    def _came_due(self, rows: list[Row]) -> None:
        for name, group in groupby(sorted(rows, key=_queue_name), key=_queue_name):
            self.queue(name).give_back(group)


def _queue_name(row: Row) -> str:
    return row.queue


def _load_ended(state: QueueState, job: "asyncio.Future[Any]") -> None:
    if job.cancelled() or job.exception() is not None:
        state.loading = False  # the next receive() tries again
