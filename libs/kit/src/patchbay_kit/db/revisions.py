"""Which revision the code knows and which the database is at.

Without Alembic: every process answers this for `/readyz`, and Alembic takes 10 MiB.
"""

import re
from importlib import resources
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from patchbay_kit.errors import ConfigurationError

_TABLE = "alembic_version"
_COLUMN = "version_num"
# As Alembic's files and `patchbay_kit.db.revise` write them.
_DECLARED = re.compile(r"^(down_)?revision\b[^=\n]*= *[\"']([^\"'\n]+)[\"']", re.MULTILINE)


def migrations_folder(package: str) -> Path:
    """Where the package keeps its migrations."""
    with resources.as_file(resources.files(package)) as folder:
        return folder / "migrations"


def head_revision(package: str) -> str | None:
    """The newest revision that the code knows: the one that no other builds on.

    ConfigurationError where the package has no migrations, or several that are newest.
    """
    versions = migrations_folder(package) / "versions"
    if not versions.is_dir():
        raise ConfigurationError(f"{package} has no migrations/versions")
    known: set[str] = set()
    followed: set[str] = set()
    for path in versions.glob("*.py"):
        for is_down, revision in _DECLARED.findall(path.read_text()):
            (followed if is_down else known).add(revision)
    heads = known - followed
    if len(heads) > 1:
        raise ConfigurationError(f"{package} has several newest revisions: {sorted(heads)}")
    return heads.pop() if heads else None


async def current_revision(engine: AsyncEngine) -> str | None:
    """The revision that the database is at; None when nothing was ever migrated."""
    async with engine.connect() as connection:
        return await connection.run_sync(_current)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_TABLE):
        return None
    found: str | None = connection.scalar(select(column(_COLUMN)).select_from(table(_TABLE)))
    return found
