"""Reading the whole OpenAPI document takes seconds in every worker: not where its tests are left
out anyway.
"""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip the folder in a run that asks for no slow test, as `make check` does."""
    del collection_path
    return True if "not slow" in config.getoption("markexpr", "") else None
