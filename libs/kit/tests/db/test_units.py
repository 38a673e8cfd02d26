"""Units of work: all or nothing, envelopes that keep the chain, errors without customers' data."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import Table, select, text
from sqlalchemy.exc import DBAPIError

from patchbay_contracts import AccountRenamed, Envelope, decode
from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.db.failures import NestedUnitError, SwallowedFailureError
from patchbay_kit.db.tables import outbox
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import make_envelope
from patchbay_kit.tracing import Trace, new_traceparent, traced

DATA = AccountRenamed(account_id="a", name="Ø 🖨️ \\u0000", auto_created=True)


async def events(db: Database) -> list[Envelope[Any]]:
    async with db.read() as session:
        rows = (await session.execute(select(outbox).order_by(outbox.c.seq))).all()
    for row in rows:
        assert (row.attempts, row.queue) == (0, None)
    return [decode(row.type, row.payload.encode()) for row in rows]


async def test_an_event_travels_in_a_whole_envelope(db: Database) -> None:
    async with db.unit_of_work(actor="employee:7") as uow:
        event_id = uow.publish(DATA, subject="a-1", version=3)
        now = uow.now
    [event] = await events(db)
    assert (event.id, event.type, event.source) == (
        event_id,
        "account.renamed.v1",
        "/services/desk-svc",
    )
    assert (event.subject, event.aggregateversion, event.time) == ("a-1", 3, now)
    assert (event.actor, event.data) == ("employee:7", DATA)
    assert event.dataschema == "/schemas/account.renamed.v1.json"
    assert event.specversion == "1.0"


async def test_an_event_without_a_cause_starts_a_chain(db: Database) -> None:
    async with db.unit_of_work() as uow:
        first = uow.publish(DATA, subject="a", version=1)
        uow.publish(DATA, subject="a", version=2, actor="contact:9")
    one, two = await events(db)
    assert (one.correlationid, one.causationid, one.actor) == (first, None, "system:desk-svc")
    assert two.correlationid == two.id
    assert two.actor == "contact:9"
    assert one.traceparent != two.traceparent


async def test_an_event_of_a_request_belongs_to_its_chain(db: Database) -> None:
    trace = Trace(new_traceparent(), "request-1")
    with traced(trace):
        async with db.unit_of_work() as uow:
            uow.publish(DATA, subject="a", version=1)
    [event] = await events(db)
    assert (event.correlationid, event.causationid) == ("request-1", None)
    assert event.traceparent is not None
    assert event.traceparent[:36] == trace.traceparent[:36]
    assert event.traceparent != trace.traceparent


async def test_a_caused_event_continues_the_chain_of_its_cause(db: Database) -> None:
    parent = new_traceparent()
    cause = make_envelope(DATA, subject="a", correlationid="chain-1", traceparent=parent)
    with traced(Trace(new_traceparent(), "another chain")):
        async with db.unit_of_work() as uow:
            uow.publish(DATA, subject="a", version=2, cause=cause)
    [event] = await events(db)
    assert (event.correlationid, event.causationid) == ("chain-1", cause.id)
    assert event.traceparent is not None
    assert event.traceparent[:36] == parent[:36]
    assert event.traceparent[36:52] != parent[36:52]

    bare = cause.model_copy(update={"correlationid": None, "traceparent": None})
    async with db.unit_of_work() as uow:
        uow.publish(DATA, subject="a", version=3, cause=bare)
    assert (await events(db))[1].correlationid == bare.id


async def test_the_relay_is_woken_after_the_commit_and_only_for_events(
    db: Database, thing: Table
) -> None:
    counts: list[int] = []
    db.on_events = lambda: counts.append(1)
    async with db.unit_of_work() as uow:
        await uow.session.execute(thing.insert(), {"id": new_id()})
    assert counts == []
    async with db.unit_of_work() as uow:
        uow.publish(DATA, subject="a", version=1)
        await uow.flush()
        assert counts == []
    assert counts == [1]


async def test_what_was_read_only_is_not_kept(db: Database, thing: Table) -> None:
    async with db.read() as session:
        await session.execute(thing.insert(), {"id": new_id()})
    assert await db.scalar(select(thing.c.id)) is None


@pytest.mark.parametrize("with_events", [False, True])
async def test_a_swallowed_failure_is_not_committed_as_if_nothing_were(
    db: Database, thing: Table, with_events: bool
) -> None:
    async def unit() -> None:
        async with db.unit_of_work() as uow:
            await uow.session.execute(thing.insert(), {"id": new_id(), "name": "kept?"})
            if with_events:
                uow.publish(DATA, subject="a", version=1)
            try:
                await uow.session.execute(thing.insert(), {"id": new_id(), "name": "kept?"})
            except DBAPIError:
                return

    with pytest.raises((SwallowedFailureError, DBAPIError)):
        await unit()
    assert await db.scalar(select(thing.c.id)) is None
    assert await events(db) == []

    async with db.unit_of_work() as uow:
        await uow.session.execute(thing.insert(), {"id": new_id(), "name": "kept"})
    assert await db.scalar(select(thing.c.name)) == "kept"


async def test_a_unit_inside_another_is_refused_and_a_task_of_its_own_is_not(db: Database) -> None:
    async def another() -> None:
        async with db.unit_of_work():
            pass

    async with asyncio.timeout(10):
        async with db.unit_of_work():
            with pytest.raises(NestedUnitError):
                await another()
            waiting = asyncio.create_task(another())
        await waiting
        await another()


async def test_what_a_savepoint_takes_back_does_no_harm(db: Database, thing: Table) -> None:
    async with db.unit_of_work() as uow:
        await uow.session.execute(thing.insert(), {"id": new_id(), "name": "kept"})
        try:
            async with uow.session.begin_nested():
                await uow.session.execute(thing.insert(), {"id": new_id(), "name": "kept"})
        except DBAPIError:
            await uow.session.execute(thing.insert(), {"id": new_id(), "name": "other"})
    async with db.read() as session:
        assert set(await session.scalars(select(thing.c.name))) == {"kept", "other"}


async def test_a_part_that_fails_takes_its_changes_and_events_back_and_no_others(
    db: Database, thing: Table
) -> None:
    async def part(uow: UnitOfWork, name: str, *, fails: bool = False) -> None:
        async with uow.savepoint():
            await uow.session.execute(thing.insert(), {"id": new_id(), "name": name})
            uow.publish(DATA, subject=name, version=1)
            if fails:
                raise LookupError(name)

    async with db.unit_of_work() as uow:
        await part(uow, "first")
        with pytest.raises(LookupError):
            await part(uow, "second", fails=True)
        await part(uow, "third")
    assert [event.subject for event in await events(db)] == ["first", "third"]
    async with db.read() as session:
        assert set(await session.scalars(select(thing.c.name))) == {"first", "third"}


async def test_an_error_text_holds_no_customer_data(db: Database, thing: Table) -> None:
    name = "Erika Mustermann"

    async def fails(statement: Any, *rows: dict[str, Any]) -> str:
        with pytest.raises(DBAPIError) as caught:
            await run(statement, *rows)
        return f"{caught.value} {caught.value.orig} {caught.value!r}"

    async def run(statement: Any, *rows: dict[str, Any]) -> None:
        async with db.unit_of_work() as uow:
            for row in rows:
                await uow.session.execute(statement, row)

    twice = [{"id": new_id(), "name": name}, {"id": new_id(), "name": name}]
    assert name not in await fails(thing.insert(), *twice)
    missing = text('INSERT INTO "order" (name, nothing) VALUES (:name, 1)')
    assert name not in await fails(missing, {"name": name})
    without_key = text("INSERT INTO inbox (consumer, event_id) VALUES (:name, 'x')")
    assert name not in await fails(without_key, {"name": name})


async def test_units_of_one_process_on_sqlite_wait_for_each_other(
    sqlite_url: str, thing: Table, at_end: AsyncExitStack
) -> None:
    db = Database(sqlite_url, service="desk-svc")
    at_end.push_async_callback(db.close)
    async with db.unit_of_work() as uow:
        await (await uow.session.connection()).run_sync(thing.metadata.create_all)

    async def add_one(number: int) -> None:
        async with db.unit_of_work() as uow:
            highest = await uow.session.scalar(select(thing.c.count).order_by(thing.c.count.desc()))
            await asyncio.sleep(0)
            await uow.session.execute(
                thing.insert(), {"id": new_id(), "count": (highest or 0) + 1, "large": number}
            )

    await asyncio.gather(*(add_one(number) for number in range(20)))
    async with db.read() as session:
        assert sorted(await session.scalars(select(thing.c.count))) == list(range(1, 21))


async def test_a_confirmed_write_on_sqlite_is_synced(
    sqlite_url: str, at_end: AsyncExitStack
) -> None:
    db = Database(sqlite_url, service="desk-svc")
    at_end.push_async_callback(db.close)
    async with db.read() as session:
        assert await session.scalar(text("PRAGMA synchronous")) == 2
        assert await session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await session.scalar(text("PRAGMA foreign_keys")) == 1
