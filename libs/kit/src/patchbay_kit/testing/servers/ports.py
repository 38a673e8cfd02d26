"""Free TCP ports that nothing else takes while their server is stopped or restarting."""

import random
import socket

# Below the kernel's range for outgoing connections, so that no client socket sits on the
# port between a server's stop and its next start.
_LOWEST, _HIGHEST = 20_000, 32_000
_handed_out: set[int] = set()


def free_port() -> int:
    """A port on 127.0.0.1 that is free now and that this process has not handed out before."""
    source = random.SystemRandom()
    for _ in range(200):
        port = source.randint(_LOWEST, _HIGHEST)
        if port not in _handed_out and _is_free(port):
            _handed_out.add(port)
            return port
    raise RuntimeError(f"no free port between {_LOWEST} and {_HIGHEST}")


def accepts_connections(port: int) -> bool:
    """Does anything listen on 127.0.0.1:`port`?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
