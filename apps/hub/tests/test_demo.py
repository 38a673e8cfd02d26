"""The demo's simulator comes back where it was, or its connection is told where it is now."""

import socket
from pathlib import Path

import pytest

from patchbay_hub.demo import remembered_port
from patchbay_hub.options import RunOptions


def _port(data: Path) -> int:
    return remembered_port(RunOptions(data=data, demo=True))


def test_the_simulator_keeps_its_port_over_a_restart(tmp_path: Path) -> None:
    assert _port(tmp_path) == _port(tmp_path)


def test_a_port_that_somebody_took_is_replaced(tmp_path: Path) -> None:
    before = _port(tmp_path)
    with socket.create_server(("127.0.0.1", before)):
        assert _port(tmp_path) != before


@pytest.mark.parametrize("content", ["", "4711x", "99999"])
def test_a_port_file_that_a_kill_spoilt_is_made_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "simulator.port").write_text(content)

    assert 0 < _port(tmp_path) < 65536
