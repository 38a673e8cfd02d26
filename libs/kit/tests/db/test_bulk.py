"""Bulk writes and filters mean the same on both databases."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, func, select
from sqlalchemy.exc import DBAPIError, StatementError

from patchbay_kit.db import Database, insert_many, key_in, update_many
from patchbay_kit.ids import new_id

LATE = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))


def row(**values: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("name", "text", "count", "large", "at", "json"))
    return {"id": new_id(), **empty, **values}


async def stored(db: Database, thing: Table) -> list[dict[str, Any]]:
    async with db.read() as session:
        found = (await session.execute(select(thing).order_by(thing.c.id))).mappings()
        return [dict(each) for each in found]


async def test_every_kind_of_value_comes_back_as_it_went(db: Database, thing: Table) -> None:
    rows = [
        row(),
        row(name="Ø 印刷 🖨️ \u202e", text="'; DROP TABLE x; --\n\t\\ \" %s :keys", count=-1),
        row(name="", text="x" * 1_000_000, large=2**63 - 1, at=LATE),
        row(json={"a": [1, None, True, 1.5, "Ø🖨️", {"b": {}}], "": "\\u0041"}),
        row(json=[]),
        row(json="text"),
        row(json=0),
        row(json=False),
        row(large=-(2**63)),
    ]
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, rows)
    assert await stored(db, thing) == [{**each, "kept": 7} for each in rows]


async def test_times_come_back_in_utc(db: Database, thing: Table) -> None:
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, [row(at=LATE)])
        await uow.session.execute(thing.insert(), row(at=LATE))
    for each in await stored(db, thing):
        assert each["at"] == LATE
        assert each["at"].utcoffset() == timedelta(0)


async def test_no_json_is_null_however_it_was_written(db: Database, thing: Table) -> None:
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, [row(), row(json={})])
        await uow.session.execute(thing.insert(), row())
    count = select(func.count()).where(thing.c.json.is_(None))
    assert await db.scalar(count) == 2


async def test_nothing_to_insert_is_fine(db: Database, thing: Table) -> None:
    async with db.unit_of_work() as uow:
        assert await insert_many(uow.session, thing, [], returning=[thing.c.id]) == []
    assert await stored(db, thing) == []


@pytest.mark.parametrize("count", [1, 3, 5000])
async def test_what_was_inserted_is_returned(db: Database, thing: Table, count: int) -> None:
    rows = [row(name=str(number), count=number) for number in range(count)]
    async with db.unit_of_work() as uow:
        back = await insert_many(uow.session, thing, rows, returning=[thing.c.id, thing.c.kept])
    assert {(each.id, each.kept) for each in back} == {(each["id"], 7) for each in rows}


async def test_what_conflicts_is_skipped_and_not_returned(db: Database, thing: Table) -> None:
    old, twin, new = row(name="old"), row(name="twin"), row(name="new")
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, [old])
    again = [{**old, "text": "changed"}, twin, row(name="twin"), row(name="old"), new]
    async with db.unit_of_work() as uow:
        back = await insert_many(
            uow.session, thing, again, ignore_conflicts=True, returning=[thing.c.name]
        )
        assert await insert_many(uow.session, thing, again, ignore_conflicts=True) == []
    assert sorted(each.name for each in back) == ["new", "twin"]
    assert [each["text"] for each in await stored(db, thing)] == [None, None, None]


async def test_a_conflict_is_an_error_unless_it_is_to_be_ignored(
    db: Database, thing: Table
) -> None:
    async def write_twice() -> None:
        async with db.unit_of_work() as uow:
            await insert_many(uow.session, thing, [row(name="one"), row(name="one")])

    with pytest.raises(DBAPIError):
        await write_twice()
    assert await stored(db, thing) == []


async def test_a_naive_time_is_refused_everywhere(db: Database, thing: Table) -> None:
    naive = LATE.replace(tzinfo=None)

    async def insert_bulk() -> None:
        async with db.unit_of_work() as uow:
            await insert_many(uow.session, thing, [row(at=LATE), row(at=naive)])

    async def insert_one() -> None:
        async with db.unit_of_work() as uow:
            await uow.session.execute(thing.insert(), row(at=naive))

    async def update_bulk() -> None:
        async with db.unit_of_work() as uow:
            known = row()
            await insert_many(uow.session, thing, [known])
            await update_many(uow.session, thing, [{"id": known["id"], "at": naive}])

    async def compare() -> None:
        async with db.read() as session:
            await session.execute(select(thing).where(thing.c.at < naive))

    for attempt in (insert_bulk, insert_one, update_bulk, compare):
        with pytest.raises((ValueError, StatementError), match="naive"):
            await attempt()
    assert await stored(db, thing) == []


async def test_times_sort_and_compare_whatever_their_zone(db: Database, thing: Table) -> None:
    base = datetime(2026, 10, 25, 0, 59, 59, 999999, tzinfo=UTC)
    times = [
        base.astimezone(timezone(timedelta(hours=hours))) + timedelta(microseconds=hours)
        for hours in (-12, -1, 0, 1, 14)
    ]
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, [row(at=at) for at in times[::-1]])
    async with db.read() as session:
        found = (await session.scalars(select(thing.c.at).order_by(thing.c.at))).all()
        after = await session.scalars(select(thing.c.at).where(thing.c.at > base))
        assert list(found) == times
        assert set(after) == set(times[3:])


@pytest.mark.integration
async def test_a_text_that_is_too_long_is_refused_and_not_cut(
    pg_url: str, thing: Table, at_end: AsyncExitStack
) -> None:
    db = Database(pg_url, service="desk-svc")
    at_end.push_async_callback(db.close)

    async def write() -> None:
        async with db.unit_of_work() as uow:
            connection = await uow.session.connection()
            await connection.run_sync(thing.metadata.create_all)
            await insert_many(uow.session, thing, [row(name="x" * 41)])

    with pytest.raises(DBAPIError, match="too long"):
        await write()


async def test_many_keys_of_every_kind_are_found(db: Database, thing: Table) -> None:
    rows = [row(name=f"Ø '\" {number}", large=2**40 + number) for number in range(700)]
    wanted = rows[::7]
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, rows)
    for columns in (["id"], ["name"], ["large"], ["id", "name"], ["name", "large", "id"]):
        keys = [[each[name] for name in columns] for each in wanted]
        if len(columns) == 1:
            keys = [key for [key] in keys]
        async with db.read() as session:
            filter_ = key_in(session, [thing.c[name] for name in columns], [*keys, *keys[:3]])
            found = (await session.scalars(select(thing.c.id).where(filter_))).all()
        assert sorted(found) == sorted(each["id"] for each in wanted), columns


async def test_no_keys_find_nothing_and_no_key_is_null(db: Database, thing: Table) -> None:
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, [row(), row(name="a")])
    async with db.read() as session:
        for keys in ([], [None], ["b"]):
            statement = select(thing.c.id).where(key_in(session, [thing.c.name], keys))
            assert (await session.scalars(statement)).all() == []


async def test_two_filters_in_one_statement_keep_their_own_keys(db: Database, thing: Table) -> None:
    one, two = row(name="one", text="x"), row(name="two", text="y")
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, [one, two])
    async with db.read() as session:
        for name, text_, expected in (("one", "x", [one]), ("one", "y", []), ("two", "y", [two])):
            both = key_in(session, [thing.c.name], [name]) & key_in(
                session, [thing.c.text], [text_]
            )
            found = (await session.scalars(select(thing.c.id).where(both))).all()
            assert found == [each["id"] for each in expected]


STORABLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | STORABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STORABLE, inner, max_size=3),
    max_leaves=5,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text_=STORABLE, json=JSON)
async def test_any_text_and_json_comes_back(
    db: Database, thing: Table, text_: str, json: Any
) -> None:
    given_ = row(text=text_, json=json)
    async with db.unit_of_work() as uow:
        [back] = await insert_many(
            uow.session, thing, [given_], returning=[thing.c.text, thing.c.json]
        )
        filter_ = key_in(uow.session, [thing.c.id, thing.c.text], [(given_["id"], text_)])
        assert await uow.session.scalar(select(thing.c.id).where(filter_)) == given_["id"]
    assert (back.text, back.json) == (text_, json)


async def test_many_rows_get_values_of_their_own_and_the_rest_keeps_its_own(
    db: Database, thing: Table
) -> None:
    first, second, third = (row(name=name, count=1) for name in ("a", "b", "c"))
    changes = [
        {"id": first["id"], "text": "Ø :rows", "at": LATE, "json": {"a": 1}},
        {"id": second["id"], "text": None, "at": None, "json": None},
    ]
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, [first, second, third])
        await update_many(uow.session, thing, changes)
        await update_many(uow.session, thing, [])
    wanted = [{**first, **changes[0]}, {**second, **changes[1]}, third]
    assert await stored(db, thing) == [{**each, "kept": 7} for each in wanted]
