"""Engines for the two databases, with their settings in one place.

PostgreSQL: asyncpg, statement time-out, application name. SQLite: WAL, synchronous=FULL (a
confirmed write survives a power cut), foreign keys on, and BEGIN IMMEDIATE for writers so that two
of them never deadlock on the upgrade of a read lock.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from patchbay_kit.errors import ConfigurationError

WRITE_OPTION = "patchbay_write"
STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000


def create_engine(url: str, *, pool_size: int, application_name: str) -> AsyncEngine:
    """An engine for `postgresql+asyncpg://` or `sqlite+aiosqlite:///`; anything else is a
    ConfigurationError.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _postgres(url, pool_size, application_name)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        return _sqlite(url, pool_size)
    raise ConfigurationError(
        f"PATCHBAY_DATABASE_URL: {parsed.drivername} is not supported; "
        "use postgresql+asyncpg, or sqlite+aiosqlite with a file"
    )


def _postgres(url: str, pool_size: int, application_name: str) -> AsyncEngine:
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    return create_async_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={
            "timeout": 5,
            "command_timeout": STATEMENT_TIMEOUT_MS / 1000 + 5,
            "server_settings": {
                "application_name": application_name,
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": "60000",
                "timezone": "UTC",
                "jit": "off",
            },
        },
    )


def _sqlite(url: str, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        make_url(url).set(drivername="sqlite+aiosqlite"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
    )
    sync = engine.sync_engine

    @event.listens_for(sync, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself; the "begin" hook below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=10000",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(sync, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(WRITE_OPTION, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
