"""Engines for the two databases, with their settings in one place.

PostgreSQL: asyncpg, statement time-out, application name. SQLite: WAL, synchronous=FULL (a
confirmed write survives a power cut), foreign keys on, and BEGIN IMMEDIATE for writers so that two
of them never deadlock on the upgrade of a read lock.
"""

import select
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from patchbay_kit.db.failures import watch
from patchbay_kit.errors import ConfigurationError

WRITE_OPTION = "patchbay_write"
STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000
# A connection that was used less than this ago is handed out without asking the server.
IDLE_SECONDS = 1.0
_USED = "patchbay_used"
_USE = "use postgresql+asyncpg://user@host/name, or sqlite+aiosqlite:///file"


def create_engine(url: str, *, pool_size: int, application_name: str) -> AsyncEngine:
    """An engine for `postgresql+asyncpg://` or `sqlite+aiosqlite:///`; anything else is a
    ConfigurationError.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        # Without the cause: it may quote the address, and there is a password in it.
        raise ConfigurationError(f"PATCHBAY_DATABASE_URL: not an address; {_USE}") from None
    if backend == "postgresql" and parsed.database:
        engine = _postgres(parsed, pool_size, application_name)
    elif backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = _sqlite(parsed, pool_size)
    else:
        raise ConfigurationError(
            f"PATCHBAY_DATABASE_URL: {parsed.drivername} without a name of database or file, "
            f"or not supported; {_USE}"
        )
    watch(engine.sync_engine)
    return engine


def _postgres(url: URL, pool_size: int, application_name: str) -> AsyncEngine:
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        # The one used last: its caches are warm, in the server as well.
        pool_use_lifo=True,
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
    _ping_silent_ones(engine.sync_engine)
    return engine


def _ping_silent_ones(engine: Engine) -> None:
    """Hand out no dead connection: a ping is three round trips, so only those get one that were
    idle, or that the server has said something to unasked: usually good-bye.
    """

    @event.listens_for(engine, "checkin")
    def _used(_connection: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _check(connection: Any, record: Any, _proxy: Any) -> None:
        driver = connection.driver_connection
        if driver.is_closed():
            raise DisconnectionError("the server closed the connection")
        idle = time.monotonic() - record.info.get(_USED, time.monotonic())
        if idle < IDLE_SECONDS and not _has_input(driver):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("an idle connection does not answer") from error


def _has_input(driver: Any) -> bool:
    """Whether something arrived that the event loop has not read yet."""
    found = select.poll()
    found.register(driver._transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(found.poll(0))


def _sqlite(url: URL, pool_size: int) -> AsyncEngine:
    # Here, as SQLite and its driver take 2 MiB that a process on PostgreSQL does without.
    from patchbay_kit.db.sqlite import connect

    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_use_lifo=True,
        connect_args={"async_creator_fn": connect},
    )
    sync = engine.sync_engine

    @event.listens_for(sync, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(WRITE_OPTION, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
