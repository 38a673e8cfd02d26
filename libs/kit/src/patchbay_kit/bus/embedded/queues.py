"""The waiting messages of one queue: a bounded window in memory over what the file holds."""

import asyncio
from collections import deque
from collections.abc import Iterable

from patchbay_kit.bus.embedded.store import Row

WINDOW = 1000
WINDOW_BYTES = 16 * 1024 * 1024


class QueueState:
    """`overflow` means that the file holds messages after `tail` that are not in memory."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready: deque[Row] = deque()
        self.tail = 0
        self.overflow = True
        self.loading = False
        self.unacked = 0
        self.waiters: set[asyncio.Event] = set()
        self._bytes = 0

    def offer(self, row: Row) -> None:
        """A message was committed; ids arrive in rising order."""
        if not self.overflow:
            if len(self.ready) >= WINDOW or self._bytes >= WINDOW_BYTES:
                self.overflow = True
            else:
                self._append(row)
                self.tail = row.id
        self.wake()

    def loaded(self, rows: Iterable[Row], more: bool) -> None:
        """The next messages after `tail` were read from the file."""
        self.loading, self.overflow = False, more
        for row in rows:
            self._append(row)
            self.tail = row.id
        self.wake()

    def give_back(self, rows: Iterable[Row]) -> None:
        """Messages that come again: handed back, or delayed until now."""
        for row in rows:
            self._append(row)
        self.wake()

    def take(self, count: int) -> list[Row]:
        """At most `count` messages; they are in flight from now on."""
        taken = [self.ready.popleft() for _ in range(min(count, len(self.ready)))]
        self._bytes -= sum(len(row.body) for row in taken)
        self.unacked += len(taken)
        return taken

    @property
    def wants_loading(self) -> bool:
        low = len(self.ready) < WINDOW // 4 and self._bytes < WINDOW_BYTES // 4
        return low and self.overflow and not self.loading

    def wake(self) -> None:
        """Let every consumer look again."""
        for event in self.waiters:
            event.set()

    def _append(self, row: Row) -> None:
        self.ready.append(row)
        self._bytes += len(row.body)
