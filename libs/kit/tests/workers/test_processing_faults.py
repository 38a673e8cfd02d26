"""What a database in trouble, or two workers at once, may do to a batch: nothing."""

import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from patchbay_contracts import AccountRenamed, Envelope
from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.errors import PermanentError
from patchbay_kit.testing.consumer import CountingConsumer, delivery, renamed
from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.servers.postgres import Postgres
from patchbay_kit.testing.waiting import eventually
from patchbay_kit.workers.processing import DatabaseAwayError, Verdict


@pytest.mark.integration
class TestPostgresGoesAway:
    async def test_a_kill_in_the_middle_decides_nothing_and_uses_no_attempt(
        self, pg_consumer: CountingConsumer, postgres_node: Postgres
    ) -> None:
        async def kill(_uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
            pg_consumer.plans.clear()
            await asyncio.to_thread(postgres_node.kill9)

        pg_consumer.plans["kill"] = kill
        batch = [delivery(name) for name in ("one", "kill", "two")]
        for _ in range(2):
            with pytest.raises(DatabaseAwayError):
                await pg_consumer.processor.process(batch)
        await asyncio.to_thread(postgres_node.start)

        assert await pg_consumer.processor.process(batch) == [Verdict(each) for each in batch]
        assert await pg_consumer.names() == ["one", "kill", "two"]
        assert await pg_consumer.letters() == []

    async def test_a_cut_session_is_no_fault_of_the_event(
        self, pg_consumer: CountingConsumer, postgres_node: Postgres
    ) -> None:
        async def cut(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
            pg_consumer.plans.clear()
            await asyncio.to_thread(postgres_node.disconnect_clients, pg_consumer.db.url)
            await uow.session.execute(text("SELECT 1"))

        pg_consumer.plans["cut"] = cut
        batch = [delivery("cut"), delivery("two")]
        with pytest.raises(DatabaseAwayError):
            await pg_consumer.processor.process(batch)
        await pg_consumer.processor.process(batch)
        assert await pg_consumer.names() == ["cut", "two"]

    async def test_what_was_decided_before_it_went_away_is_told(
        self, pg_consumer: CountingConsumer, postgres_node: Postgres
    ) -> None:
        async def cut(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
            # The first time in the batch, the second time alone.
            if pg_consumer.calls.count("cut") == 2:
                await asyncio.to_thread(postgres_node.disconnect_clients, pg_consumer.db.url)
                await uow.session.execute(text("SELECT 1"))

        pg_consumer.plans["cut"] = cut
        batch = [delivery(name) for name in ("good", "cut", "poison", "last")]
        pg_consumer.fail("poison", PermanentError("poison", "not edible"))
        first = await pg_consumer.processor.process(batch)
        assert first == [Verdict(batch[0])]
        rest = await pg_consumer.processor.process(batch[1:])
        assert rest == [Verdict(each) for each in batch[1:]]
        assert sorted(await pg_consumer.names()) == ["cut", "good", "last"]
        assert len(await pg_consumer.letters()) == 1

    async def test_a_server_that_starts_or_takes_no_more_sessions_is_away(
        self, pg_consumer: CountingConsumer, postgres_node: Postgres
    ) -> None:
        url = pg_consumer.db.url
        name = url.rsplit("/", 1)[1]
        await pg_consumer.db.close()
        postgres_node.sql(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        with pytest.raises(DatabaseAwayError):
            await pg_consumer.processor.process([delivery("one"), delivery("two")])
        postgres_node.sql(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
        await pg_consumer.processor.process([delivery("one")])
        assert await pg_consumer.names() == ["one"]

    async def test_a_standby_that_takes_no_writes_is_away(
        self, pg_consumer: CountingConsumer
    ) -> None:
        async def read_only(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
            await uow.session.execute(text("SET TRANSACTION READ ONLY"))
            await uow.session.execute(text("CREATE TABLE never (id int)"))

        pg_consumer.plans["ro"] = read_only
        with pytest.raises(DatabaseAwayError):
            await pg_consumer.processor.process([delivery("ro")])


@pytest.mark.integration
class TestSeveralWorkersOnPostgres:
    async def test_two_processors_on_the_same_events_make_one_effect(
        self, pg_consumer: CountingConsumer
    ) -> None:
        other = CountingConsumer(Database(pg_consumer.db.url, service="desk-svc"))
        for _ in range(5):
            batch = [delivery(str(number)) for number in range(50)]
            results = await asyncio.gather(
                pg_consumer.processor.process(batch),
                other.processor.process(batch[::-1]),
                pg_consumer.processor.process(batch[20:]),
            )
            assert all(v.retry_step is None for verdicts in results for v in verdicts)
        effects = await pg_consumer.effects()
        assert (len(effects), len(set(effects))) == (250, 250)
        await other.db.close()

    async def test_the_second_worker_waits_for_the_first_and_takes_over_when_it_fails(
        self, pg_consumer: CountingConsumer
    ) -> None:
        other = CountingConsumer(Database(pg_consumer.db.url, service="desk-svc"))
        entered, go_on = asyncio.Event(), asyncio.Event()

        async def fail_late(_uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
            entered.set()
            await go_on.wait()
            raise RuntimeError("not now")

        pg_consumer.plans["one"] = fail_late
        event = renamed("one")
        first = asyncio.create_task(pg_consumer.processor.process([delivery(event)]))
        await entered.wait()
        second = asyncio.create_task(other.processor.process([delivery(event)]))
        done, _ = await asyncio.wait({second}, timeout=0.3)
        assert not done
        go_on.set()
        assert [v.retry_step for v in await first] == [0]
        assert [v.retry_step for v in await second] == [None]
        assert await pg_consumer.effects() == [event.id]
        await other.db.close()

    async def test_a_deadlock_is_repeated_at_once(self, pg_consumer: CountingConsumer) -> None:
        other = CountingConsumer(Database(pg_consumer.db.url, service="desk-svc"))
        await pg_consumer.processor.process([delivery("left"), delivery("right")])
        both_hold = asyncio.Barrier(2)
        met: list[str] = []

        def crossing(mine: str, theirs: str) -> Any:
            async def plan(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
                await uow.session.execute(lock_of(mine))
                if met.count(mine) == 0:
                    met.append(mine)
                    await both_hold.wait()
                await uow.session.execute(lock_of(theirs))

            return plan

        pg_consumer.plans["one"] = crossing("left", "right")
        other.plans["two"] = crossing("right", "left")
        results = await asyncio.gather(
            pg_consumer.processor.process([delivery("one")]),
            other.processor.process([delivery("two")]),
        )
        assert [v.retry_step for verdicts in results for v in verdicts] == [None, None]
        assert sorted(await pg_consumer.names()) == ["left", "one", "right", "two"]
        assert len(pg_consumer.calls) + len(other.calls) > 4
        await other.db.close()

    async def test_a_serialization_failure_is_repeated_at_once(
        self, pg_consumer: CountingConsumer
    ) -> None:
        async def conflict(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
            if len(pg_consumer.calls) < 4:
                raise_conflict = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$"
                await uow.session.execute(text(raise_conflict))

        pg_consumer.plans["one"] = conflict
        [verdict] = await pg_consumer.processor.process([delivery("one")])
        assert verdict.retry_step is None
        assert pg_consumer.calls == ["one"] * 4
        assert await pg_consumer.names() == ["one"]


def lock_of(name: str) -> Any:
    return text("SELECT 1 FROM effect WHERE name = :name FOR UPDATE").bindparams(name=name)


async def test_a_database_that_is_not_there_decides_nothing(at_end: AsyncExitStack) -> None:
    url = f"postgresql+asyncpg://postgres@127.0.0.1:{free_port()}/none"
    consumer = CountingConsumer(Database(url, service="desk-svc"))
    at_end.push_async_callback(consumer.db.close)
    with pytest.raises(DatabaseAwayError):
        await consumer.processor.process([delivery("one"), delivery("two")])
    assert consumer.calls == []


async def test_a_file_that_cannot_be_opened_decides_nothing(
    tmp_path: Path, at_end: AsyncExitStack
) -> None:
    (tmp_path / "file.db").mkdir()
    before = threading.active_count()
    consumer = CountingConsumer(
        Database(f"sqlite+aiosqlite:///{tmp_path}/file.db", service="desk-svc")
    )
    at_end.push_async_callback(consumer.db.close)
    with pytest.raises(DatabaseAwayError):
        await consumer.processor.process([delivery("one"), delivery("two")])
    await consumer.db.close()
    await eventually(lambda: threading.active_count() == before, message="the driver's threads end")


async def test_a_full_disk_decides_nothing(sqlite_url: str, at_end: AsyncExitStack) -> None:
    consumer = CountingConsumer(Database(sqlite_url, service="desk-svc", pool_size=2))
    at_end.push_async_callback(consumer.db.close)
    await consumer.create_tables()

    async def fill(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        await uow.session.execute(text("PRAGMA max_page_count = 1"))
        await uow.session.execute(text("CREATE TABLE blob AS SELECT zeroblob(1000000)"))

    consumer.plans["fill"] = fill
    with pytest.raises(DatabaseAwayError):
        await consumer.processor.process([delivery("fill")])
    assert await consumer.effects() == []


async def test_a_defect_of_the_handler_is_not_taken_for_a_lost_database(
    consumer: CountingConsumer,
) -> None:
    async def defect(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        await uow.session.execute(text("SELECT * FROM no_such_table"))

    async def at_once(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        await asyncio.gather(*(uow.session.execute(text("SELECT 1")) for _ in range(3)))

    consumer.plans |= {"defect": defect, "at once": at_once}
    for name in consumer.plans:
        verdicts = await consumer.processor.process([delivery(name), delivery("good")])
        assert verdicts[1].retry_step is None
    assert (await consumer.names()).count("good") == 2
