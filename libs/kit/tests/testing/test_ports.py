"""Free ports: nobody gets one twice, in this process or beside it."""

import subprocess
import sys

import pytest

from patchbay_kit.testing.servers import ports

_OTHER = """
import sys
from patchbay_kit.testing.servers import ports
ports._LOWEST = ports._HIGHEST = int(sys.argv[1])
print(ports.free_port())
"""


def test_a_port_is_given_to_one_only_though_nobody_listens_on_it_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = ports.free_port()
    assert not ports.accepts_connections(port)
    monkeypatch.setattr(ports, "_LOWEST", port)
    monkeypatch.setattr(ports, "_HIGHEST", port)
    with pytest.raises(RuntimeError, match="no free port"):
        ports.free_port()
    beside = subprocess.run(
        [sys.executable, "-c", _OTHER, str(port)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert "no free port" in beside.stderr
    assert beside.stdout == ""
