"""Follows the live feed and hands each change to the open streams of this process.

Promise: a stream that was opened at a position gets every later change that its viewer may see, in
order, or ends; its client then goes on with Last-Event-ID.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from patchbay_kit.db import Database
from patchbay_kit.workers.lifecycle import PeriodicLoop
from ticket_svc.live import repository
from ticket_svc.live.repository import BATCH, Position, changes_after, tickets_of

POLL_SECONDS = 1.0
# Slower readers than this end, so that one of them cannot fill the memory.
MAX_WAITING = 1000

Batch = list[tuple[Row[Any], Row[Any] | None]]


@dataclass(eq=False, slots=True)
class Stream:
    """One open screen of `owner`, an actor. `None` in the queue is the end."""

    since: Position
    owner: str = ""
    changes: "asyncio.Queue[tuple[Row[Any], Row[Any] | None] | None]" = field(
        default_factory=lambda: asyncio.Queue(MAX_WAITING)
    )
    ended: bool = False

    def put(self, batch: Batch) -> None:
        """Hand over what fits; a full queue ends the stream."""
        if self.ended:
            return
        if self.changes.qsize() + len(batch) >= MAX_WAITING:
            self.end()
            return
        for each in batch:
            self.changes.put_nowait(each)

    def end(self) -> None:
        """Let the stream end at once, whatever waits in it."""
        self.ended = True
        while self.changes.full():
            self.changes.get_nowait()
        self.changes.put_nowait(None)


class LiveTail:
    """The loop of an API process that reads the feed for all of its streams."""

    name = "live"

    def __init__(self, db: Database) -> None:
        self._db = db
        self._streams: set[Stream] = set()
        self._at = Position()
        self._lock = asyncio.Lock()
        self._loop = PeriodicLoop(self.name, self._step, POLL_SECONDS)
        self._stopped = False

    @property
    def wake(self) -> asyncio.Event:
        """Set it when there may be something new."""
        return self._loop.wake

    @property
    def open_streams(self) -> int:
        """How many screens are connected."""
        return len(self._streams)

    def open_streams_of(self, owner: str) -> int:
        """How many of them are this actor's."""
        return sum(1 for each in self._streams if each.owner == owner)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then every stream ends, so that clients go elsewhere at once."""
        try:
            await self._loop.run(stop)
        finally:
            self._stopped = True
            for stream in self._streams:
                stream.end()

    @asynccontextmanager
    async def stream(self, owner: str) -> AsyncIterator[Stream]:
        """A stream of what happens from now on."""
        async with self._lock:
            if not self._streams:
                async with self._db.read() as session:
                    self._at = await repository.head(session)
            opened = Stream(self._at, owner)
            self._streams.add(opened)
        if self._stopped:
            opened.end()
        try:
            yield opened
        finally:
            self._streams.discard(opened)

    async def backlog(self, after: Position, until: Position) -> AsyncIterator[Batch]:
        """What happened between two places, in batches."""
        while after < until:
            async with self._db.read() as session:
                rows = await changes_after(session, after, until)
                batch = await _with_tickets(session, rows)
            if not rows:
                return
            yield batch
            after = Position(rows[-1].xid, rows[-1].seq)

    async def _step(self) -> bool:
        async with self._lock:
            if not self._streams:
                return False
            async with self._db.read() as session:
                rows = await changes_after(session, self._at)
                batch = await _with_tickets(session, rows)
            if rows:
                self._at = Position(rows[-1].xid, rows[-1].seq)
            for stream in self._streams:
                stream.put(batch)
        return len(rows) == BATCH


async def _with_tickets(session: Any, rows: Sequence[Row[Any]]) -> Batch:
    if not rows:
        return []
    tickets = await tickets_of(session, (row.ticket_id for row in rows))
    return [(row, tickets.get(row.ticket_id)) for row in rows]
