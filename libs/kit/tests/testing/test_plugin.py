"""The closing summary says which engines ran and never hides a skipped test."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

# They start pytest as a user does, which takes seconds; one of them starts Dovecot.
pytestmark = pytest.mark.integration


def _pytest(directory: Path, source: str, *options: str) -> str:
    (directory / "pytest.ini").write_text(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
    )
    (directory / "test_sample.py").write_text(source)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "patchbay_kit.testing.plugin", "-ra"),
            *("-p", "no:cacheprovider", *options),
        ],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def test_names_the_engines_that_did_not_run_and_counts_skips(tmp_path: Path) -> None:
    source = """
import pytest
def test_nothing(): pass
@pytest.mark.skip(reason="the corpus is not here")
def test_corpus(): pass
"""

    output = _pytest(tmp_path, source)

    assert "engines: none; not run: RabbitMQ, PostgreSQL, Dovecot; skipped tests: 1" in output
    assert "the corpus is not here" in output
    assert output.splitlines()[-1].strip("= ").startswith("1 passed, 1 skipped")


def test_collects_the_engines_of_xdist_workers(tmp_path: Path) -> None:
    output = _pytest(
        tmp_path, "def test_dovecot(dovecot): assert dovecot.running\n", "-n1", "-p", "xdist"
    )

    assert "engines: Dovecot 2." in output, output


def test_a_missing_engine_is_an_error_with_the_command_that_installs_it(tmp_path: Path) -> None:
    source = """
import pytest
from pathlib import Path
from patchbay_kit.testing.servers import dovecot as module
module._BINARY = Path("/nowhere/dovecot")
def test_mail(dovecot): pass
"""

    output = _pytest(tmp_path, source)

    assert "Dovecot is not installed. Run scripts/install-engines" in output
    assert re.search(r"\b1 error\b", output.splitlines()[-1])
