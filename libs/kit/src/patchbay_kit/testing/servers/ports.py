"""Free TCP ports that nothing else takes while their server is stopped or restarting."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below the kernel's range for outgoing connections, so that no client socket sits on the
# port between a server's stop and its next start.
_LOWEST, _HIGHEST = 20_000, 32_000
# A lock for each port that was handed out, held until this process ends: servers take seconds to
# listen, and test runs beside this one look for ports as well.
_FOLDER = Path(tempfile.gettempdir()) / f"patchbay-ports-{os.getuid()}"
_handed_out: dict[int, int] = {}


def free_port() -> int:
    """A port on 127.0.0.1 that is free now and that nobody who asked here has got before."""
    source = random.SystemRandom()
    for _ in range(200):
        port = source.randint(_LOWEST, _HIGHEST)
        if port not in _handed_out and _is_free(port) and _reserve(port):
            return port
    raise RuntimeError(f"no free port between {_LOWEST} and {_HIGHEST}")


def accepts_connections(port: int) -> bool:
    """Does anything listen on 127.0.0.1:`port`?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _reserve(port: int) -> bool:
    _FOLDER.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(_FOLDER / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    _handed_out[port] = descriptor
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
