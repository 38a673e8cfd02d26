"""One reading statement in the driver's own words, and in one round trip: for lists on hot paths.

No transaction is opened around it, for a single statement sees one moment anyway. Errors are those
of any other statement (DBAPIError), and nothing that it does is kept.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

_AWAY = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError, asyncio.TimeoutError)


async def fetch(
    engine: AsyncEngine, sql: str, parameters: Sequence[Any], *, planned_anew: bool = False
) -> list[asyncpg.Record]:
    """The rows, as asyncpg gives them. The text must be of a small fixed set: it is prepared.

    `planned_anew` is for statements whose best plan depends on the values: PostgreSQL would soon
    take the one that is best on average. PostgreSQL only; parameters are `$1` …
    """
    try:
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            rows: list[asyncpg.Record]
            if planned_anew:
                async with driver.transaction(readonly=True):
                    await driver.execute("SET LOCAL plan_cache_mode = force_custom_plan")
                    rows = await driver.fetch(sql, *parameters)
            else:
                rows = await driver.fetch(sql, *parameters)
            return rows
    except _AWAY as error:
        raise InterfaceError(sql, None, error, connection_invalidated=True) from error
    except asyncpg.PostgresError as error:
        error.detail = None  # The row, that is customers' data.
        raise OperationalError(sql, None, error) from error
