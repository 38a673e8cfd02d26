"""The migrations make the tables that the code expects."""

import asyncio

from notifier.definition import SERVICE
from patchbay_kit.db.migrate import check_drift, migrate


async def test_migrated_database_has_the_tables_of_the_code(database_url: str) -> None:
    await asyncio.to_thread(migrate, SERVICE.package, database_url, SERVICE.metadata)
    drift = await asyncio.to_thread(check_drift, SERVICE.package, database_url, SERVICE.metadata)
    assert drift == []
