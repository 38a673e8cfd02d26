"""Read models: the newest version of a record wins, in whatever order it is told."""

from itertools import permutations
from typing import Any

from sqlalchemy import Table, select

from patchbay_kit.db import Database
from patchbay_kit.db.merge import merge_newer
from patchbay_kit.ids import new_id


def record(record_id: str, count: int, large: int, name: str) -> dict[str, Any]:
    empty = dict.fromkeys(("text", "at", "json"))
    return {"id": record_id, "count": count, "large": large, "name": name, **empty}


async def test_any_order_and_grouping_ends_with_the_highest_rank(
    db: Database, thing: Table
) -> None:
    ranks = [(1, 2), (2, 0), (2, 1)]
    for order in permutations(ranks):
        for cut in range(4):
            one = new_id()
            rows = [
                record(one, count, large, f"{one[-12:]} {count}.{large}") for count, large in order
            ]
            for group in (rows[:cut], rows[cut:], rows):
                async with db.unit_of_work() as uow:
                    await merge_newer(uow.session, thing, group, rank=["count", "large"])
            found = await db.scalar(select(thing.c.name).where(thing.c.id == one))
            assert found == f"{one[-12:]} 2.1", (order, cut)


async def test_records_do_not_touch_each_other(db: Database, thing: Table) -> None:
    first, second = sorted([new_id(), new_id()])
    async with db.unit_of_work() as uow:
        await merge_newer(uow.session, thing, [record(first, 1, 0, "a")], rank=["count"])
        rows = [record(second, 1, 0, "b"), record(first, 2, 0, "c")]
        await merge_newer(uow.session, thing, rows, rank=["count"])
        await merge_newer(uow.session, thing, [record(first, 2, 0, "late")], rank=["count"])
    async with db.read() as session:
        names = (await session.scalars(select(thing.c.name).order_by(thing.c.id))).all()
    assert names == ["c", "b"]
