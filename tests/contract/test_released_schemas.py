"""What running systems speak stays readable: present schemas against the released baseline."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from patchbay_contracts import registered
from patchbay_contracts.compat import breaking_changes
from patchbay_contracts.schemas import event_schema

ROOT = Path(__file__).parents[2]
RELEASED = Path("libs/contracts/schemas/released")
BASELINE = sorted((ROOT / RELEASED).glob("*.json"))


@pytest.mark.parametrize("released", BASELINE, ids=lambda path: path.stem)
def test_an_event_can_be_read_across_a_rolling_upgrade(released: Path) -> None:
    assert released.stem in registered(), "a released event was removed"
    old = json.loads(released.read_text("utf-8"))
    assert breaking_changes(old, event_schema(released.stem)) == []


def test_every_event_has_a_released_baseline() -> None:
    """A new event enters the baseline with `tools/export_contracts.py --release`."""
    assert {path.stem for path in BASELINE} == set(registered())


def _release(root: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, ROOT / "tools/export_contracts.py", "--release", "--root", root]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.slow
def test_the_baseline_cannot_be_moved_over_a_breaking_change(tmp_path: Path) -> None:
    folder = tmp_path / RELEASED
    folder.mkdir(parents=True)
    older = event_schema("ticket.closed.v1")
    older["$defs"]["TicketClosed"]["properties"]["closed_by"] = {"type": "string"}
    (folder / "ticket.closed.v1.json").write_text(json.dumps(older), "utf-8")
    (folder / "ticket.eaten.v1.json").write_text("{}", "utf-8")
    done = _release(tmp_path)
    assert done.returncode == 1
    assert "ticket.closed.v1/data/closed_by: removed" in done.stderr
    assert "ticket.eaten.v1: removed" in done.stderr
    assert json.loads((folder / "ticket.closed.v1.json").read_text("utf-8")) == older


@pytest.mark.slow
def test_the_first_release_freezes_every_event(tmp_path: Path) -> None:
    assert _release(tmp_path).returncode == 0
    frozen = {path.stem for path in (tmp_path / RELEASED).glob("*.json")}
    assert frozen == set(registered())
