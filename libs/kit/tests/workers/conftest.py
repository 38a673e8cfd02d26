"""A database of this test alone, and a consumer on it whose effects can be counted."""

from collections.abc import AsyncIterator

import pytest

from patchbay_kit.db import Database
from patchbay_kit.testing.consumer import CountingConsumer


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, service="desk-svc")
    yield made
    await made.close()


@pytest.fixture
async def consumer(db: Database) -> CountingConsumer:
    made = CountingConsumer(db)
    await made.create_tables()
    return made


@pytest.fixture
async def pg_consumer(pg_url: str) -> AsyncIterator[CountingConsumer]:
    made = CountingConsumer(Database(pg_url, service="desk-svc"))
    await made.create_tables()
    yield made
    await made.db.close()
