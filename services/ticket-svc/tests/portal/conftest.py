"""The service with a place for files."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import make_runtime
from ticket_svc.definition import SERVICE

ADMIN = {"admin_email": "admin@desk.example", "admin_password": "a long enough password"}


@pytest.fixture
async def runtime(database_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    """On both engines."""
    async with make_runtime(SERVICE, database_url, blob_dir=tmp_path / "blobs", **ADMIN) as built:
        yield built
