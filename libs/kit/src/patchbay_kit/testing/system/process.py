"""One of our own programs as a private server: its settings come from the environment alone."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import httpx

from patchbay_kit.testing.servers.process import PrivateServer

# What a child may know of the environment of the test run; settings of ours are not in it.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class Program(PrivateServer):
    """`python -m <arguments>`; ready once `probe` answers. Files of a test go into `directory`."""

    name: ClassVar[str] = "program of ours"
    version = ""

    def __init__(self, label: str, arguments: Sequence[str], settings: Mapping[str, str]) -> None:
        """`label` names it in reports. `settings` are environment variables."""
        super().__init__()
        self.label = label
        self.arguments = tuple(arguments)
        self.settings = dict(settings)
        self.probe = ""

    @property
    def exit_status(self) -> int | None:
        """Of the last run: negative for a signal; None while it runs."""
        return self._process.poll() if self._process is not None else None

    @property
    def log_path(self) -> Path:
        """Below PATCHBAY_TEST_LOGS where that is set, so that it can be read after the run."""
        kept = os.environ.get("PATCHBAY_TEST_LOGS")
        if not kept:
            return super().log_path
        name = f"{self.label.replace(' ', '-')}-{self.directory.name}.log"
        return Path(kept) / name

    def terminate(self) -> None:
        """Ask it to end (SIGTERM) without waiting."""
        if self.running:
            self.resume()
            self._signal(signal.SIGTERM)

    def wait(self, timeout: float) -> None:
        """Wait until it has ended by itself."""
        self._wait(timeout)

    def wait_or_kill(self) -> None:
        """Wait for the end that `terminate` asked for; kill it after `stop_timeout`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._wait(self.stop_timeout)
        self.kill9()

    def _command(self) -> Sequence[str]:
        return [sys.executable, "-m", *self.arguments]

    def _environment(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, "PYTHONUNBUFFERED": "1", **self.settings}

    def _is_ready(self) -> bool:
        try:
            return httpx.get(self.probe, timeout=2).is_success
        except httpx.HTTPError:
            return False
