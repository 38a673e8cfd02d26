"""A database with the kit's tables and one with every kind of column."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, Text

from patchbay_kit.db import BigIntType, Database, IdType, JsonType, UtcDateTime
from patchbay_kit.db.tables import metadata as kit_metadata


@pytest.fixture
def thing() -> Table:
    metadata = MetaData()
    Table(
        "order part",
        metadata,
        Column("id", IdType, primary_key=True),
        Column("order_id", IdType, ForeignKey("order.id"), nullable=False),
        Column("note", Text),
        Column("at", UtcDateTime),
    )
    return Table(
        "order",  # A word of SQL, on purpose.
        metadata,
        Column("id", IdType, primary_key=True),
        Column("name", String(40), unique=True),
        Column("text", Text),
        Column("count", Integer),
        Column("large", BigIntType),
        Column("at", UtcDateTime),
        Column("json", JsonType),
        Column("kept", Integer, server_default="7"),
    )


@pytest.fixture
def part(thing: Table) -> Table:
    """What hangs on `thing`."""
    return thing.metadata.tables["order part"]


@pytest.fixture
async def db(database_url: str, thing: Table) -> AsyncIterator[Database]:
    made = Database(database_url, service="desk-svc")
    async with made.unit_of_work() as uow:
        connection = await uow.session.connection()
        await connection.run_sync(kit_metadata.create_all)
        await connection.run_sync(thing.metadata.create_all)
    yield made
    await made.close()
