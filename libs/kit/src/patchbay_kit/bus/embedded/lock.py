"""One process per bus file: an advisory lock that the system drops when the process dies."""

import fcntl
import os
from pathlib import Path

from patchbay_kit.errors import ConfigurationError


class FileLock:
    """Held on `<file>.lock`, because locks on the SQLite file itself would disturb SQLite's own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take it or raise ConfigurationError that names the file."""
        lock_path = self._path.with_name(self._path.name + ".lock")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"PATCHBAY_BUS_URL: cannot write {self._path}: {error.strerror}"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise ConfigurationError(
                f"PATCHBAY_BUS_URL: {self._path} is in use by another process; "
                "the embedded bus serves one process, use amqp:// for several"
            ) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
