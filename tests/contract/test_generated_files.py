"""`make schemas`: the committed files are what the code says, and a stale one is named."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = Path("libs/contracts/src/patchbay_contracts/generated")


def _export(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, ROOT / "tools/export_contracts.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that the generator wrote from nothing."""
    root = tmp_path_factory.mktemp("generated")
    done = _export("--root", str(root))
    assert done.returncode == 0, done.stderr
    return root


def test_the_committed_files_are_what_the_code_says() -> None:
    done = _export("--check")
    assert done.returncode == 0, done.stderr


def test_a_second_run_writes_nothing(written: Path) -> None:
    assert _export("--root", str(written)).stdout == ""


def test_the_output_does_not_depend_on_the_environment(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATCHBAY_PUBLIC_URL", "https://elsewhere.example.com")
    monkeypatch.setenv("PATCHBAY_HTTP_PORT", "not a number")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert _export("--check", "--root", str(written)).returncode == 0


def test_stale_and_left_over_files_are_named(written: Path) -> None:
    topology = written / GENERATED / "topology.json"
    left_over = written / GENERATED / "schemas/ticket.eaten.v1.json"
    fresh = topology.read_text("utf-8")
    topology.write_text(json.dumps({"queues": []}), "utf-8")
    left_over.write_text("{}", "utf-8")
    try:
        done = _export("--check", "--root", str(written))
    finally:
        topology.write_text(fresh, "utf-8")
        left_over.unlink()
    assert done.returncode == 1
    assert done.stderr.splitlines()[:2] == [
        f"stale: {GENERATED}/topology.json",
        f"no such event: {GENERATED}/schemas/ticket.eaten.v1.json",
    ]
