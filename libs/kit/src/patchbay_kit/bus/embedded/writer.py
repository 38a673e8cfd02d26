"""The one thread that touches the bus file. What waits together is committed together.

Jobs that ask for durability are committed with synchronous=FULL (they survive a power cut), the
others with NORMAL: marks and settlements survive kill -9, and losing one only means a redelivery.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from patchbay_kit.bus.embedded import store

T = TypeVar("T")
_BATCH = 64


@dataclass(slots=True)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    durable: bool
    done: Callable[[Any], None] | None
    future: "asyncio.Future[Any]"
    result: Any = None
    error: Exception | None = None


class WriterClosedError(Exception):
    """The file is not open."""


class Writer:
    """Runs jobs in the order in which they were submitted. Belongs to one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="embedded-bus", daemon=True)
        self._closed = False
        self._level = ""

    async def open(self) -> None:
        """Open the file in the thread; raises sqlite3.Error if that fails."""
        self._thread.start()
        await self._opened

    @property
    def is_open(self) -> bool:
        return not self._closed and self._thread.is_alive()

    def submit(
        self,
        work: Callable[[sqlite3.Connection], T],
        *,
        durable: bool = False,
        done: Callable[[T], None] | None = None,
    ) -> "asyncio.Future[T]":
        """Queue a job. `done` runs in the loop in commit order, before anybody awaiting wakes."""
        if not self.is_open:
            raise WriterClosedError(f"{self._path} is not open")
        future: asyncio.Future[T] = self._loop.create_future()
        future.add_done_callback(_retrieve)
        self._jobs.put(_Job(work, durable, done, future))
        return future

    async def close(self) -> None:
        """Finish what was submitted, then close the file."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.shield(self._ended)

    def _run(self) -> None:
        try:
            connection = store.connect(self._path)
        except sqlite3.Error as error:
            self._call(self._opened.set_exception, error)
            self._call(self._ended.set_result, None)
            return
        self._call(self._opened.set_result, None)
        try:
            while batch := self._next_batch():
                self._execute(connection, batch)
                if not self._call(_resolve, batch):
                    return
        finally:
            connection.close()
            self._call(self._ended.set_result, None)

    def _next_batch(self) -> list[_Job]:
        """What waits, at least one job; empty at the end."""
        job = self._jobs.get()
        batch: list[_Job] = []
        while job is not None:
            batch.append(job)
            if len(batch) >= _BATCH:
                return batch
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch
        if batch:  # the end was seen: see it again after this batch
            self._jobs.put(None)
        return batch

    def _execute(self, connection: sqlite3.Connection, batch: list[_Job]) -> None:
        try:
            self._transaction(connection, batch)
        except Exception as error:  # noqa: BLE001 - given to whoever awaits the job
            if len(batch) == 1:
                batch[0].error = error
                return
            for job in batch:  # one bad job must not take the others with it
                self._execute(connection, [job])

    def _transaction(self, connection: sqlite3.Connection, batch: list[_Job]) -> None:
        level = "FULL" if any(job.durable for job in batch) else "NORMAL"
        if level != self._level:
            connection.execute(f"PRAGMA synchronous={level}")
            self._level = level
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in batch:
                job.result = job.work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _call(self, function: Callable[[Any], None], argument: Any) -> bool:
        try:
            self._loop.call_soon_threadsafe(function, argument)
        except RuntimeError:  # the loop was closed without stop(): nobody is left to tell
            return False
        return True


def _resolve(batch: list[_Job]) -> None:
    for job in batch:
        if job.error is None and job.done is not None:
            job.done(job.result)
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _retrieve(future: "asyncio.Future[Any]") -> None:
    """Marks are not awaited; their errors show in what is written next."""
    if not future.cancelled():
        future.exception()
