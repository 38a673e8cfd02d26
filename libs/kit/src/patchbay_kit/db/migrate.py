"""Schema migrations (Alembic) without per-service boilerplate: a service has only
`migrations/versions/*.py` in its package.

One transaction for all pending revisions, on both databases: a failed start leaves the schema as it
was. On PostgreSQL an advisory lock lets one of several starting replicas migrate while the others
wait.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import structlog
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from patchbay_kit.db.engine import WRITE_OPTION, create_engine
from patchbay_kit.db.revisions import migrations_folder
from patchbay_kit.db.tables import metadata as kit_metadata
from patchbay_kit.errors import ConfigurationError

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Any number that nobody else uses for pg_advisory_xact_lock in these databases.
_ADVISORY_LOCK = 0x70617463686261
WAIT_FOR_OTHERS_SECONDS = 120
LOCK_SECONDS = 10
# Alembic's `op` and `context` are globals of the process.
_ONE_AT_A_TIME = threading.Lock()


def migrate(package: str, url: str, metadata: MetaData) -> str | None:
    """Bring the database to the newest revision of `package`; returns that revision.

    Blocking, with an event loop of its own: call it with asyncio.to_thread from async code.
    """
    with _ONE_AT_A_TIME:
        return asyncio.run(on_engine(package, url, lambda c: _upgrade(c, package, metadata)))


def check_drift(package: str, url: str, metadata: MetaData) -> list[str]:
    """What differs between the migrated database and the tables in code; empty when nothing does.

    Blocking.
    """

    def compare(connection: Connection) -> list[str]:
        generated = _generated_tables(connection)
        options = {
            "compare_type": True,
            "render_as_batch": connection.dialect.name == "sqlite",
            "include_name": lambda name, kind, _parents: kind != "table" or name not in generated,
            "include_object": lambda thing, *_: _is_for(thing, connection.dialect.name),
        }
        context = MigrationContext.configure(connection, opts=options)
        everything = cast("MetaData", _everything(metadata))  # Alembic takes a list as well.
        return [str(each) for each in compare_metadata(context, everything)]

    with _ONE_AT_A_TIME:
        return asyncio.run(on_engine(package, url, compare))


def _generated_tables(connection: Connection) -> frozenset[str]:
    """SQLite's virtual tables, and those that it makes for them: no code describes them."""
    if connection.dialect.name != "sqlite":
        return frozenset()
    tables = connection.exec_driver_sql("PRAGMA table_list").mappings()
    return frozenset(row["name"] for row in tables if row["type"] in ("virtual", "shadow"))


def _is_for(thing: Any, dialect: str) -> bool:
    """False for an index that the code wants on the other database only (`Index.ddl_if`)."""
    wanted = getattr(thing, "_ddl_if", None)
    return wanted is None or wanted.dialect == dialect


def create_kit_tables(op: Any) -> None:
    """Create outbox, inbox, dead letters and idempotency keys, in a service's first migration."""
    kit_metadata.create_all(op.get_bind(), checkfirst=False)


def drop_kit_tables(op: Any) -> None:
    """The reverse of `create_kit_tables`."""
    kit_metadata.drop_all(op.get_bind(), checkfirst=False)


def script_directory(package: str) -> ScriptDirectory:
    """The revisions in `<package>/migrations/versions`; ConfigurationError where there are none."""
    location = migrations_folder(package)
    if not (location / "versions").is_dir():
        raise ConfigurationError(f"{package} has no migrations/versions")
    config = Config()
    config.set_main_option("script_location", str(location).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


async def on_engine(package: str, url: str, work: Callable[[Connection], T]) -> T:
    """Run `work` in one writing transaction on an engine of its own."""
    engine = create_engine(url, pool_size=1, application_name=f"patchbay-migrate-{package}")
    try:
        async with engine.connect() as connection:
            await connection.execution_options(**{WRITE_OPTION: True})
            async with connection.begin():
                return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, package: str, metadata: MetaData) -> str | None:
    _lock(connection)
    script = script_directory(package)
    head = script.get_current_head()

    def steps(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs("head", revision)  # as alembic.command does

    with EnvironmentContext(Config(), script, fn=steps, destination_rev="head") as environment:
        environment.configure(
            connection=connection,
            target_metadata=_everything(metadata),
            render_as_batch=connection.dialect.name == "sqlite",
            transactional_ddl=True,
        )
        before = environment.get_context().get_current_revision()
        environment.run_migrations()
    if before != head:
        log.info("database.migrated", package=package, before=before, after=head)
    return head


def _lock(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_FOR_OTHERS_SECONDS}s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    # A table that a running service holds must not make everyone queue behind us for long.
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))


def _everything(metadata: MetaData) -> Sequence[MetaData]:
    return [metadata, kit_metadata]
