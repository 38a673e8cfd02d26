"""A server that belongs to the test run: start, stop, kill, pause, and no leftovers.

Leftovers are prevented twice: `close` kills the whole process group and removes the directory,
and a guard does the same when the test run itself dies without a chance to clean up.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import weakref
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

from patchbay_kit.testing.servers.lifetime import Lifetime
from patchbay_kit.testing.waiting import wait_until

# $1 is the process group, $2 the directory. The pipe on stdin closes with the test run.
_GUARD = '''cat >/dev/null; kill -s QUIT -- "-$1" 2>/dev/null; sleep 1
kill -s KILL -- "-$1" 2>/dev/null; rm -rf "$2"'''


class EngineMissingError(RuntimeError):
    """A server the test needs is not installed; the message says how to install it."""

    def __init__(self, name: str, packages: str) -> None:
        super().__init__(
            f"{name} is not installed. Run scripts/install-engines, or as root: "
            f"apt-get install -y --no-install-recommends {packages}"
        )


class ServerFailedError(RuntimeError):
    """The server ended or stayed silent; the message holds the end of its log."""


class PrivateServer(Lifetime):
    """One server in its own short directory, started as a process group of its own."""

    name: ClassVar[str]
    start_timeout: ClassVar[float] = 60.0
    stop_timeout: ClassVar[float] = 30.0

    def __init__(self, user: str | None = None) -> None:
        """`user` is whom to become when we are root; a plain user stays who they are."""
        self._user = user if os.geteuid() == 0 else None
        # Short, because unix socket paths inside end at 108 characters.
        self.directory = Path(tempfile.mkdtemp(prefix="pb-", dir="/tmp"))
        self._own(self.directory)
        # For whoever stops a server and forgets to close it.
        self._remove = weakref.finalize(self, shutil.rmtree, self.directory, ignore_errors=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def version(self) -> str:
        """The engine's version, for the closing summary."""

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """The foreground command; it must not fork away."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """True once a client can work. Called every 20 ms while starting."""

    def _environment(self) -> Mapping[str, str] | None:
        return None

    @property
    def log_path(self) -> Path:
        """Where the process writes what it has to say."""
        return self.directory / "out.log"

    @property
    def running(self) -> bool:
        """Is the main process alive (paused counts as alive)?"""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The main process."""
        if self._process is None:
            raise ServerFailedError(f"{self.name} was not started")
        return self._process.pid

    def launch(self) -> Self:
        """Start the process without waiting for it to be ready. Nothing happens if it runs."""
        if self.running:
            return self
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.as_user(self._command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=self._environment(),
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(self._process.pid), str(self.directory)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def start(self) -> Self:
        """Launch and wait until clients can work."""
        self.launch()
        wait_until(self._is_ready_or_dead, timeout=self.start_timeout, message=f"{self.name} ready")
        return self

    def ensure_running(self) -> Self:
        """Bring it back whatever a test did to it: paused, stopped or killed."""
        if self.running:
            self.resume()
        return self.start()

    def stop(self) -> None:
        """Ask it to end (SIGTERM) and wait; kill it if it does not."""
        if self.running:
            self.resume()
            self._signal(signal.SIGTERM)
            try:
                self._wait(self.stop_timeout)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._wait(self.stop_timeout)
        self._dismiss_guard()

    def kill9(self) -> None:
        """End it at once with SIGKILL, as a crash or the OOM killer would."""
        if self.running:
            self._signal(signal.SIGKILL)
            self._wait(self.stop_timeout)
        self._dismiss_guard()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`; harmless when it was not paused."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill it and remove everything it had."""
        self.kill9()
        self._remove()

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of the log, for error messages."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def as_user(self, command: Sequence[str]) -> list[str]:
        """The command, run as the server's user when we are root."""
        if self._user is None:
            return list(command)
        who = pwd.getpwnam(self._user)
        drop = ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups", "--"]
        return [*drop, *command]

    def _own(self, path: Path) -> None:
        if self._user is not None:
            who = pwd.getpwnam(self._user)
            os.chown(path, who.pw_uid, who.pw_gid)

    def _is_ready_or_dead(self) -> bool:
        if not self.running:
            raise ServerFailedError(f"{self.name} ended while starting:\n{self.log_tail()}")
        return self._is_ready()

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            os.killpg(self.pid, number)

    def _wait(self, timeout: float) -> None:
        if self._process is not None:
            self._process.wait(timeout)

    def _dismiss_guard(self) -> None:
        if self._guard is None:
            return
        os.killpg(self._guard.pid, signal.SIGKILL)
        self._guard.communicate()
        self._guard = None
