"""SQLite in the event loop: what is short runs there, what may wait does not, and nothing is left
half-way when a task is cancelled or the disk is full.
"""

import asyncio
import gc
import sqlite3
import threading
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Table, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from patchbay_kit.db import Database, database
from patchbay_kit.db.failures import is_away
from patchbay_kit.db.sqlite import LONG_SECONDS, LoopConnection, connect
from patchbay_kit.ids import new_id
from patchbay_kit.testing.waiting import eventually


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


@pytest.fixture
async def connection(file: Path) -> AsyncIterator[LoopConnection]:
    made = await connect(str(file), isolation_level=None)
    await made.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY)")
    yield made
    await made.close()


@pytest.fixture
async def db(file: Path, thing: Table) -> AsyncIterator[Database]:
    made = Database(f"sqlite+aiosqlite:///{file}", service="desk-svc")
    async with made.unit_of_work() as uow:
        await (await uow.session.connection()).run_sync(thing.metadata.create_all)
    yield made
    await made.close()


@pytest.fixture
def other(file: Path) -> Iterator[sqlite3.Connection]:
    """Another process's connection to the same file."""
    made = sqlite3.connect(file, isolation_level=None, timeout=10)
    yield made
    made.close()


async def write(db: Database, thing: Table, name: str) -> None:
    async with db.unit_of_work() as uow:
        await uow.session.execute(thing.insert(), {"id": new_id(), "name": name})


async def names(db: Database, thing: Table) -> set[str]:
    async with db.read() as session:
        return set(await session.scalars(select(thing.c.name)))


async def test_only_statements_inside_a_write_transaction_run_in_the_loop(
    connection: LoopConnection,
) -> None:
    ran: list[tuple[str, bool]] = []
    here = threading.get_ident()
    await connection.set_trace_callback(
        lambda sql: ran.append((sql.split()[0], threading.get_ident() == here))
    )
    await connection.execute("BEGIN IMMEDIATE")
    await connection.execute("INSERT INTO thing VALUES (1)")
    await connection.commit()
    await connection.execute("BEGIN")
    rows = await connection.execute_fetchall("SELECT id FROM thing")
    await connection.rollback()
    await connection.execute("BEGIN IMMEDIATE")
    await connection.execute("DELETE FROM thing")
    await connection.rollback()
    assert [tuple(row) for row in rows] == [(1,)]
    assert ran == [
        ("BEGIN", False),
        ("INSERT", True),
        ("COMMIT", False),
        ("BEGIN", True),
        ("SELECT", False),
        ("ROLLBACK", True),
        ("BEGIN", False),
        ("DELETE", True),
        ("ROLLBACK", False),
    ]


async def test_a_statement_that_was_long_goes_to_the_thread_from_then_on(
    connection: LoopConnection,
) -> None:
    threads: list[int] = []

    def dawdle() -> int:
        threads.append(threading.get_ident())
        until = time.perf_counter() + LONG_SECONDS
        while time.perf_counter() <= until:
            pass
        return 1

    await connection.create_function("dawdle", 0, dawdle)
    for _ in range(3):
        await connection.execute("BEGIN IMMEDIATE")
        await connection.execute("INSERT INTO thing VALUES (dawdle())")
        await connection.rollback()
    here = threading.get_ident()
    assert [thread == here for thread in threads] == [True, False, False]


async def test_many_short_statements_in_a_row_let_others_run_in_between(
    connection: LoopConnection,
) -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await connection.execute("BEGIN IMMEDIATE")
    before, deadline = turns, time.monotonic() + 10
    while turns < before + 3:
        assert time.monotonic() < deadline, "nobody else had a turn"
        await connection.execute("INSERT INTO thing DEFAULT VALUES")
    await connection.rollback()
    counting.cancel()


async def test_another_process_that_writes_holds_up_writers_only(
    db: Database, thing: Table, other: sqlite3.Connection
) -> None:
    await write(db, thing, "before")
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(write(db, thing, "after"))
    for _ in range(3):
        # Were the loop to wait for the file's lock, this would take ten seconds and then fail.
        assert await asyncio.wait_for(names(db, thing), 5) == {"before"}
    assert not writing.done()
    other.execute("ROLLBACK")
    await writing
    assert await names(db, thing) == {"before", "after"}


async def test_a_unit_cancelled_while_it_waits_for_the_file_leaves_a_good_connection(
    db: Database, thing: Table, other: sqlite3.Connection
) -> None:
    await write(db, thing, "before")
    other.execute("BEGIN IMMEDIATE")
    waiting = [asyncio.create_task(write(db, thing, f"never {number}")) for number in range(3)]
    await eventually(lambda: db._writer is not None and db._writer.locked())
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    other.execute("ROLLBACK")
    await asyncio.wait(waiting, timeout=10)
    assert all(task.cancelled() for task in waiting)
    await write(db, thing, "after")
    assert await names(db, thing) == {"before", "after"}


async def test_a_unit_cancelled_at_any_turn_of_the_loop_is_whole_or_not_there(
    db: Database, thing: Table
) -> None:
    done = set()
    for turns in range(40):
        task = asyncio.create_task(write(db, thing, f"t{turns}"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        if not task.cancelled():
            done.add(f"t{turns}")
    await write(db, thing, "last")
    # A commit that was under way may have taken effect, as with a lost connection.
    assert done | {"last"} <= await names(db, thing)
    assert db._writer is not None
    assert not db._writer.locked()


async def test_a_task_cancelled_while_it_connects_leaves_no_connection_behind(file: Path) -> None:
    for turns in range(30):
        db = Database(f"sqlite+aiosqlite:///{file}", service="desk-svc")
        task = asyncio.create_task(db.ping())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        await db.close()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del db, task
            gc.collect()


def test_a_loop_that_is_closed_while_the_thread_works_is_no_error(file: Path) -> None:
    release, made = threading.Event(), []

    def open_late() -> sqlite3.Connection:
        release.wait(10)
        return sqlite3.connect(file, check_same_thread=False)

    async def leave_early() -> None:
        made.append(LoopConnection(open_late))
        task = asyncio.ensure_future(made[0])
        await asyncio.sleep(0)
        assert not task.done()

    asyncio.run(leave_early())
    release.set()
    made[0]._thread.join(10)
    assert not made[0]._thread.is_alive()


async def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    db: Database, thing: Table
) -> None:
    async def fill() -> None:
        async with db.unit_of_work() as uow:
            await uow.session.execute(text("PRAGMA max_page_count = 1"))
            await uow.session.execute(thing.insert(), {"id": new_id(), "name": "small"})
            large = {"id": new_id(), "name": "large", "text": "x" * 1_000_000}
            await uow.session.execute(thing.insert(), large)

    with pytest.raises(OperationalError, match="full") as caught:
        await fill()
    assert is_away(caught.value)
    async with db.unit_of_work() as uow:
        await uow.session.execute(text("PRAGMA max_page_count = 1000000"))
    await write(db, thing, "after")
    assert await names(db, thing) == {"after"}


async def test_whoever_waits_too_long_for_a_turn_to_write_is_told_to_come_again(
    db: Database, thing: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "TURN_SECONDS", 0.05)
    async with db.unit_of_work():
        task = asyncio.create_task(write(db, thing, "late"))
        await asyncio.wait({task}, timeout=5)
        with pytest.raises(PoolTimeoutError) as caught:
            task.result()
    assert is_away(caught.value)
    await write(db, thing, "after")
    assert await names(db, thing) == {"after"}
