"""Rows with what hangs on them, in one statement: new ones with all of it, known ones with none."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy.exc import StatementError

from patchbay_contracts import AccountRenamed
from patchbay_kit.db import (
    Children,
    Claims,
    Database,
    UnitOfWork,
    insert_claimed_family,
    insert_family,
    insert_many,
)
from patchbay_kit.db.tables import idempotency_key, outbox
from patchbay_kit.ids import new_id

DATA = AccountRenamed(account_id="a", name="n", auto_created=False)


def order(**values: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("name", "text", "count", "large", "at", "json"))
    return {"id": new_id(), **empty, **values}


def line(parent: dict[str, Any], text: str = "x", **values: Any) -> dict[str, Any]:
    return {"id": new_id(), "order_id": parent["id"], "note": text, "at": None, **values}


async def column(db: Database, chosen: Any) -> list[Any]:
    async with db.read() as session:
        return sorted((await session.scalars(select(chosen))).all())


async def test_new_rows_come_with_their_children_and_are_named(
    db: Database, thing: Table, part: Table
) -> None:
    first, second = order(name="Ø 'a'"), order(json={"k": [1, None]})
    lines = [line(first, "one"), line(first, "two"), line(second, "three")]
    async with db.unit_of_work() as uow:
        new = await insert_family(
            uow.session, thing, [first, second], [Children(part, "order_id", lines)]
        )
    assert new == {first["id"], second["id"]}
    assert await column(db, part.c.note) == ["one", "three", "two"]
    assert await column(db, thing.c.id) == sorted(new)


async def test_what_is_known_by_any_key_gets_no_children(
    db: Database, thing: Table, part: Table
) -> None:
    known = order(name="known")
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, thing, [known])
    same_id, same_name, new = {**known, "name": "other"}, order(name="known"), order(name="new")
    rows = [same_id, same_name, new, new]
    lines = [line(each, str(number)) for number, each in enumerate(rows[:3])]
    lines.append(line(order(), "of nobody"))
    async with db.unit_of_work() as uow:
        written = await insert_family(uow.session, thing, rows, [Children(part, "order_id", lines)])
    assert written == {new["id"]}
    assert await column(db, part.c.note) == ["2"]
    assert await column(db, thing.c.name) == ["known", "new"]


async def test_a_child_that_is_there_already_is_skipped(
    db: Database, thing: Table, part: Table
) -> None:
    one, other = order(), order()
    taken = line(one, "first")
    async with db.unit_of_work() as uow:
        await insert_family(uow.session, thing, [one], [Children(part, "order_id", [taken])])
        again = {**line(other, "second"), "id": taken["id"]}
        children = Children(part, "order_id", [again, line(other, "third")])
        await insert_family(uow.session, thing, [other], [children])
    assert await column(db, part.c.note) == ["first", "third"]


async def test_no_rows_and_no_children_are_fine(db: Database, thing: Table, part: Table) -> None:
    one = order()
    async with db.unit_of_work() as uow:
        assert await insert_family(uow.session, thing, [], []) == set()
        new = await insert_family(uow.session, thing, [one], [Children(part, "order_id", [])])
    assert new == {one["id"]}


async def test_a_naive_time_is_refused_in_parents_and_children(
    db: Database, thing: Table, part: Table
) -> None:
    naive = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001  # that is the point
    one = order()

    async def write(rows: Sequence[dict[str, Any]], lines: Sequence[dict[str, Any]]) -> None:
        async with db.unit_of_work() as uow:
            await insert_family(uow.session, thing, rows, [Children(part, "order_id", lines)])

    for rows, lines in (([order(at=naive)], []), ([one], [line(one, at=naive)])):
        with pytest.raises((ValueError, StatementError), match="naive"):
            await write(rows, lines)
    assert await column(db, thing.c.id) == []


async def opened(uow: UnitOfWork, thing: Table, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Insert the rows with one event each, the way intake does."""
    for row in rows:
        uow.publish(DATA, subject=row["id"], version=1)
    return await insert_family(
        uow.session, thing, rows, [uow.events_of({row["id"] for row in rows})]
    )


async def test_events_of_new_rows_are_told_and_those_of_known_ones_are_not(
    db: Database, thing: Table
) -> None:
    known, new = order(name="known"), order(name="new")
    async with db.unit_of_work() as uow:
        assert await opened(uow, thing, [known]) == {known["id"]}
    woken: list[bool] = []
    db.on_events = lambda: woken.append(True)
    async with db.unit_of_work() as uow:
        uow.publish(DATA, subject="somebody else", version=1)
        assert await opened(uow, thing, [order(name="known"), new]) == {new["id"]}
        uow.publish(DATA, subject=new["id"], version=2)
    subjects = [known["id"], new["id"], new["id"], "somebody else"]
    assert await column(db, outbox.c.aggregateid) == sorted(subjects)
    assert woken == [True]


async def test_the_relay_is_woken_where_all_events_went_with_their_rows(
    db: Database, thing: Table
) -> None:
    woken: list[bool] = []
    db.on_events = lambda: woken.append(True)
    async with db.unit_of_work() as uow:
        await opened(uow, thing, [order()])
    assert woken == [True]


async def test_a_family_that_is_rolled_back_leaves_nothing(
    db: Database, thing: Table, part: Table
) -> None:
    async def fail() -> None:
        async with db.unit_of_work() as uow:
            one = order()
            await opened(uow, thing, [one])
            await insert_many(uow.session, part, [line(one)])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    for table in (thing, part, outbox):
        assert await column(db, table.c.id) == []


@pytest.mark.integration
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_whose_claim_is_taken_is_skipped_with_its_children(
    db: Database, thing: Table, part: Table
) -> None:
    free, taken, claimless = (order(name=name) for name in ("free", "taken", "claimless"))
    rows = [free, taken, claimless]
    children = [Children(part, "order_id", [line(each, each["name"]) for each in rows])]
    keyed = [answered("a", b"\x00\xff", free), answered("b", b"", taken)]
    async with db.unit_of_work() as uow:
        await insert_many(uow.session, idempotency_key, [{**keyed[1], "body": "earlier"}])
    async with db.unit_of_work() as uow:
        claims = Claims(idempotency_key, ("scope", "key"), [free["id"], taken["id"]], keyed)
        written = await insert_claimed_family(uow.session, thing, rows, children, claims)
        none = Claims(idempotency_key, ("scope", "key"), [], [])
        last = order(name="last")
        assert await insert_claimed_family(uow.session, thing, [last], [], none) == {last["id"]}
    assert written == {free["id"], claimless["id"]}
    assert await column(db, part.c.note) == ["claimless", "free"]
    assert await column(db, idempotency_key.c.body) == [b"\x00\xff", b"earlier"]


def answered(key: str, body: bytes, given: dict[str, Any]) -> dict[str, Any]:
    named = {"scope": "s", "key": key, "request_hash": given["id"], "status": 201, "headers": "{}"}
    return {**named, "body": f"\\x{body.hex()}", "created_at": datetime.now(UTC)}
