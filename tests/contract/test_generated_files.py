"""`make schemas`: the committed files are what the code says, and a stale one is named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# `make stale` is the quick form of this.
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
GENERATED = Path("libs/contracts/src/patchbay_contracts/generated")
# None of it may show in the output.
ENVIRONMENT = {
    "PATCHBAY_PUBLIC_URL": "https://elsewhere.example.com",
    "PATCHBAY_HTTP_PORT": "not a number",
    "PYTHONHASHSEED": "7",
}


def _export(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, ROOT / "tools/export_contracts.py", *arguments]
    environment = os.environ | ENVIRONMENT
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=100, env=environment
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that the generator wrote from nothing, in an odd environment."""
    root = tmp_path_factory.mktemp("generated")
    done = _export("--root", str(root))
    assert done.returncode == 0, done.stderr
    return root


def test_the_committed_files_are_what_the_code_says(written: Path) -> None:
    """Else: `make schemas`, and commit what it writes."""
    names = {path.relative_to(written) for path in written.rglob("*") if path.is_file()}
    committed = {path.relative_to(ROOT) for path in (ROOT / GENERATED).rglob("*.json")}
    assert committed <= names
    stale = [name for name in names if (ROOT / name).read_text() != (written / name).read_text()]
    assert sorted(stale) == []


def test_stale_and_left_over_files_are_named(written: Path) -> None:
    (written / GENERATED / "topology.json").write_text(json.dumps({"queues": []}), "utf-8")
    (written / GENERATED / "schemas/ticket.eaten.v1.json").write_text("{}", "utf-8")
    done = _export("--check", "--root", str(written))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"stale: {GENERATED}/topology.json",
        f"no such event: {GENERATED}/schemas/ticket.eaten.v1.json",
        "run `make schemas` and commit what it writes",
    ]
