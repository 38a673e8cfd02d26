"""SQLite's connection for the event loop: a thread waits for the disk and for locks, and nothing
else crosses to it.

Inside a write transaction the statements of a unit of work run in the loop itself: each takes
microseconds, where a crossing costs two switches and a turn of the interpreter lock. BEGIN
IMMEDIATE (others may be writing), COMMIT (the disk), reads (they may be long) and statements that
have been long before go to the thread.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiosqlite

_BEGIN_WRITING = "BEGIN IMMEDIATE"
_SETTINGS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    "temp_store=MEMORY",
)
# What takes longer in the loop, others would notice: the next time it goes to the thread.
LONG_SECONDS = 0.02
# Many short ones in a row let others take a turn after so long.
TURN_SECONDS = 0.005
_MOST_LONG = 500
_long: set[str] = set()


class LoopConnection(aiosqlite.Connection):
    """Used by one task at a time. `writing` is true between BEGIN IMMEDIATE and its end."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread = threading.Thread(
            target=_work, args=(self._thread.run,), name="sqlite", daemon=True
        )
        self._writing = False
        # What a cancelled task left in the thread may still run: count up here, and there.
        self._sent = 0
        self._done = 0
        self._turn_began = 0.0

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        if self._sent == self._done and self._is_short(fn, args):
            if time.perf_counter() - self._turn_began > TURN_SECONDS:
                await asyncio.sleep(0)
                self._turn_began = time.perf_counter()
            return _timed(fn, args, kwargs)
        if fn.__name__ in ("commit", "rollback"):
            self._writing = False

        def run() -> Any:
            try:
                return fn(*args, **kwargs)
            finally:
                self._done += 1

        self._sent += 1
        answer = await super()._execute(run)  # type: ignore[no-untyped-call]
        self._turn_began = time.perf_counter()
        if args and args[0] == _BEGIN_WRITING:
            self._writing = True
        return answer

    def _is_short(self, function: Any, args: tuple[Any, ...]) -> bool:
        """Whether it waits for nothing."""
        on_connection = function.__self__ is self._connection
        match function.__name__:
            case "close":
                return not on_connection
            case "cursor" | "create_function":
                return True
            case "rollback":
                return not self._writing
            case "commit":
                return False
            case "execute" | "executemany":
                return args[0] == "BEGIN" or (self._writing and args[0] not in _long)
            case _:
                return self._writing


def _work(run: Callable[[], None]) -> None:
    # The loop was closed while a cancelled task's work was under way: nobody is left to tell.
    with suppress(RuntimeError):
        run()


def _timed(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run it here, and remember a statement that was long."""
    started = time.perf_counter()
    try:
        return function(*args, **kwargs)
    finally:
        if time.perf_counter() - started > LONG_SECONDS and len(_long) < _MOST_LONG:
            _long.update(each for each in args[:1] if isinstance(each, str))


def connect(path: str, **options: Any) -> LoopConnection:
    """A connection to the file; `options` are those of `sqlite3.connect`."""

    def open_file() -> sqlite3.Connection:
        # All of it in the thread at once: a task that is cancelled leaves no half-made connection.
        given = {**options, "check_same_thread": False}
        connection: sqlite3.Connection = sqlite3.connect(path, **given)
        # The driver must not open transactions by itself; the engine's "begin" hook does.
        connection.isolation_level = None
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}").close()
        return connection

    return LoopConnection(open_file)
