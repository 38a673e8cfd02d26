"""`python -m patchbay_kit.db.revise <package> <slug>`: write the next migration from the difference
between the package's migrations and its tables. Read and mend what it writes.
"""

import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.types import TypeEngine

from patchbay_kit.db import types
from patchbay_kit.db.migrate import migrate, on_engine
from patchbay_kit.db.revisions import head_revision, migrations_folder

_TEMPLATE = '''"""{sentence}."""

import sqlalchemy as sa
from alembic import op

from patchbay_kit.db.migrate import create_kit_tables
from patchbay_kit.db.types import BigIntType, IdType, JsonType, UtcDateTime

revision = "{revision}"
down_revision = {down_revision!r}


def upgrade() -> None:
    {upgrade}
'''
_OURS = ("BigIntType", "IdType", "JsonType")


def revise(package: str, slug: str, metadata: MetaData) -> Path:
    """Write `<package>/migrations/versions/<time>_<slug>.py` and return its path."""
    versions = migrations_folder(package) / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    down_revision = head_revision(package)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/revise.db"
        if down_revision is not None:
            migrate(package, url, metadata)
        body = asyncio.run(on_engine(package, url, lambda each: _render(each, metadata)))
    if down_revision is None:
        body = f"create_kit_tables(op)\n    {body}"
    time = datetime.now(UTC).strftime("%Y_%m_%d_%H%M")
    path = versions / f"{time}_{slug}.py"
    sentence = slug.replace("_", " ").capitalize()
    path.write_text(
        _TEMPLATE.format(
            sentence=sentence, revision=slug, down_revision=down_revision, upgrade=body
        )
    )
    return path


def _render(connection: Connection, metadata: MetaData) -> str:
    def only_own(entry: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
        return not (kind == "table" and reflected and name not in metadata.tables)

    options = {"compare_type": True, "render_as_batch": False, "include_object": only_own}
    context = MigrationContext.configure(connection, opts=options)
    operations = produce_migrations(context, metadata).upgrade_ops
    if operations is None:
        return "pass"
    code: str = render_python_code(operations, render_item=_render_type, migration_context=context)
    return code


def _render_type(kind: str, entry: Any, _context: Any) -> Any:
    if kind != "type" or not isinstance(entry, TypeEngine):
        return False
    if isinstance(entry, types.UtcDateTime):
        return "UtcDateTime()"
    return next((name for name in _OURS if getattr(types, name) is entry), False)


if __name__ == "__main__":
    _package, _slug = sys.argv[1:]
    _service = resolve_name(f"{_package}.definition:SERVICE")
    sys.stdout.write(f"{revise(_package, _slug, _service.metadata)}\n")
