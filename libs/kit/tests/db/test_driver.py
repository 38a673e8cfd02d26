"""Statements in the driver's own words keep the promises of all others."""

import pytest
from sqlalchemy import Table, select
from sqlalchemy.exc import DBAPIError

from patchbay_kit.db import Database, insert_many
from patchbay_kit.db.driver import is_postgres, run_sql
from patchbay_kit.db.failures import SwallowedFailureError
from patchbay_kit.ids import new_id


def placed(db: Database, sql: str) -> str:
    """`sql` with the placeholders of the database, written as `?` with their numbers."""
    return sql.replace("?", "$") if db.is_postgres else sql


async def test_parameters_go_in_as_values_and_rows_come_out(db: Database) -> None:
    sql = placed(db, "SELECT CAST(?1 AS text) AS name, CAST(?2 AS int) AS count")
    async with db.unit_of_work() as uow:
        assert is_postgres(uow.session) == db.is_postgres
        row = (await run_sql(uow.session, sql, "'; DROP TABLE outbox; -- Ø", 3)).one()
    assert (row.name, row.count) == ("'; DROP TABLE outbox; -- Ø", 3)


async def test_a_statement_belongs_to_the_unit_and_goes_with_it(db: Database, thing: Table) -> None:
    sql = placed(db, 'UPDATE "order" SET count = ?1')
    async with db.unit_of_work() as uow:
        values = dict.fromkeys(("name", "text", "large", "at", "json"))
        await insert_many(uow.session, thing, [{"id": new_id(), "count": 1, **values}])

    async def change_and_fail() -> None:
        async with db.unit_of_work() as uow:
            assert (await run_sql(uow.session, sql, 2)).rowcount == 1
            assert await uow.session.scalar(select(thing.c["count"])) == 2
            raise LookupError

    with pytest.raises(LookupError):
        await change_and_fail()
    assert await db.scalar(select(thing.c["count"])) == 1


async def test_a_unit_with_a_failed_statement_cannot_commit(db: Database, thing: Table) -> None:
    sql = placed(db, 'INSERT INTO "order" (id, name) VALUES (?1, ?2)')

    async def swallow() -> None:
        async with db.unit_of_work() as uow:
            twin = new_id()
            await run_sql(uow.session, sql, twin, "kept")
            with pytest.raises(DBAPIError):
                await run_sql(uow.session, sql, twin, "twin")

    with pytest.raises(SwallowedFailureError):
        await swallow()
    assert await db.scalar(select(thing.c.name)) is None
