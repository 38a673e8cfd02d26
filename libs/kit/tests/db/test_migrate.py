"""Migrations: all or nothing, one replica at a time, and in step with the tables."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, String, Table, inspect
from sqlalchemy.exc import DBAPIError

from patchbay_kit.db import Database, IdType, JsonType, UtcDateTime
from patchbay_kit.db.migrate import check_drift, migrate, script_directory
from patchbay_kit.db.revise import revise
from patchbay_kit.db.revisions import current_revision, head_revision
from patchbay_kit.db.tables import metadata as kit_metadata
from patchbay_kit.errors import ConfigurationError


class Package:
    """An importable package in a temporary folder, and its tables."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.versions = folder / name / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        (folder / name / "__init__.py").write_text("")
        self.metadata = MetaData(naming_convention=kit_metadata.naming_convention)

    def table(self, name: str, *columns: Any) -> Table:
        return Table(name, self.metadata, Column("id", IdType, primary_key=True), *columns)

    def revise(self, slug: str) -> Path:
        return revise(self.name, slug, self.metadata)

    async def migrate(self, url: str) -> str | None:
        return await asyncio.to_thread(migrate, self.name, url, self.metadata)

    async def drift(self, url: str) -> list[str]:
        return await asyncio.to_thread(check_drift, self.name, url, self.metadata)


@pytest.fixture
def package(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Package]:
    folder = tmp_path / "packages"
    sys.path.insert(0, str(folder))
    name = f"migrated_{abs(hash(request.node.nodeid))}"
    yield Package(folder, name)
    sys.path.remove(str(folder))
    sys.modules.pop(name, None)


async def tables_of(url: str) -> set[str]:
    async with AsyncExitStack() as at_end:
        db = Database(url, service="test")
        at_end.push_async_callback(db.close)
        connection = await at_end.enter_async_context(db.engine.connect())
        return set(await connection.run_sync(lambda each: inspect(each).get_table_names()))


async def test_written_migrations_build_exactly_the_tables(
    package: Package, database_url: str
) -> None:
    package.table("thing", Column("seen_at", UtcDateTime, nullable=False), Column("data", JsonType))
    await asyncio.to_thread(package.revise, "create_thing")
    assert await package.migrate(database_url) == "create_thing"
    kit = {"outbox", "inbox", "dead_letter", "idempotency_key"}
    assert await tables_of(database_url) == {"thing", "alembic_version"} | kit
    assert await package.drift(database_url) == []


async def test_a_second_revision_builds_on_the_first(package: Package, database_url: str) -> None:
    package.table("thing")
    await asyncio.to_thread(package.revise, "create_thing")
    await package.migrate(database_url)
    package.table("other", Column("name", String(20), nullable=False))
    assert len(await package.drift(database_url)) == 1
    path = await asyncio.to_thread(package.revise, "create_other")
    assert 'down_revision = "create_thing"' in path.read_text().replace("'", '"')
    assert head_revision(package.name) == "create_other"
    assert script_directory(package.name).get_current_head() == "create_other"
    await package.migrate(database_url)
    assert await package.drift(database_url) == []


async def test_migrating_again_changes_nothing(
    package: Package, database_url: str, at_end: AsyncExitStack
) -> None:
    package.table("thing")
    await asyncio.to_thread(package.revise, "create_thing")
    for _ in range(2):
        assert await package.migrate(database_url) == "create_thing"
    db = Database(database_url, service="test")
    at_end.push_async_callback(db.close)
    assert await current_revision(db.engine) == "create_thing"


async def test_a_failed_migration_leaves_nothing_behind(
    package: Package, database_url: str
) -> None:
    package.table("thing")
    path = await asyncio.to_thread(package.revise, "create_thing")
    broken = path.read_text().rstrip() + '\n    op.execute("DROP TABLE nowhere")\n'
    path.write_text(broken)
    with pytest.raises(DBAPIError):
        await package.migrate(database_url)
    assert await tables_of(database_url) == set()
    path.write_text(broken.replace('op.execute("DROP TABLE nowhere")', "pass"))
    await package.migrate(database_url)
    assert "thing" in await tables_of(database_url)


@pytest.mark.slow
async def test_replicas_that_start_together_migrate_once(
    package: Package, database_url: str
) -> None:
    package.table("thing")
    await asyncio.to_thread(package.revise, "create_thing")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from patchbay_kit.db.migrate import migrate; from sqlalchemy import MetaData;"
        "migrate(sys.argv[2], sys.argv[3], MetaData())"
    )
    folder = str(package.versions.parents[2])
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            script,
            folder,
            package.name,
            database_url,
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        for _ in range(3)
    ]
    for process in running:
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
    assert await package.drift(database_url) == []


async def test_a_package_without_migrations_is_a_configuration_error(sqlite_url: str) -> None:
    with pytest.raises(ConfigurationError, match="no migrations"):
        await asyncio.to_thread(migrate, "patchbay_kit", sqlite_url, MetaData())
