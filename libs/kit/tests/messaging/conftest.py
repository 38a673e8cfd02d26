"""A consumer on a database of this test alone."""

from collections.abc import AsyncIterator

import pytest

from patchbay_kit.db import Database
from patchbay_kit.testing.consumer import CountingConsumer


@pytest.fixture
async def consumer(database_url: str) -> AsyncIterator[CountingConsumer]:
    made = CountingConsumer(Database(database_url, service="desk-svc"))
    await made.create_tables()
    yield made
    await made.db.close()
