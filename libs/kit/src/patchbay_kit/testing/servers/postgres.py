"""A private PostgreSQL cluster and databases as cheap as a test needs.

PostgreSQL refuses to run as root, so under root it runs as user postgres.
"""

import contextlib
import os
import secrets
import signal
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.servers.process import (
    EngineMissingError,
    PrivateServer,
    ServerFailedError,
)

_ROOT = Path("/usr/lib/postgresql")


def _newest_installation() -> Path:
    """The bin directory of the newest version that Debian installed."""
    found = [path.parent for path in _ROOT.glob("*/bin/initdb")]
    if not found:
        raise EngineMissingError("PostgreSQL", "postgresql")
    return max(found, key=lambda path: float(path.parent.name))


class Postgres(PrivateServer):
    """One cluster on a TCP port and a socket in its own directory.

    With `durable` it keeps fsync and full-page writes on, as production does; benchmarks want
    that. Without it a commit still survives `kill9`, only not a power cut.
    """

    name: ClassVar[str] = "PostgreSQL"

    def __init__(self, *, durable: bool = False, settings: Iterable[str] = ()) -> None:
        """`settings` are more lines of postgresql.conf, for example "max_connections = 20"."""
        self._bin = _newest_installation()
        super().__init__(user="postgres")
        self.port = free_port()
        self._data = self.directory / "data"
        self._settings = [*self._defaults(durable), *settings]

    @property
    def version(self) -> str:
        """As the binary reports it, such as 15.18."""
        done = subprocess.run(
            [str(self._bin / "postgres"), "--version"], capture_output=True, text=True, check=True
        )
        return done.stdout.split()[2]

    def create_database(self, template: str | None = None) -> str:
        """Make a database, empty or a copy of `template` (an address from here); returns its url.

        Nobody may be connected to the template meanwhile.
        """
        name = f"t_{secrets.token_hex(6)}"
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{_database(template) or "template0"}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database and cut whoever is still connected."""
        self.sql(f'DROP DATABASE IF EXISTS "{_database(url)}" WITH (FORCE)')

    def disconnect_clients(self, url: str) -> None:
        """End every session of a database, as a failover would."""
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - a name of ours
            f"WHERE datname = '{_database(url)}'"
        )

    def url(self, database: str = "postgres") -> str:
        """The address of a database for SQLAlchemy with asyncpg."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as superuser through psql and return its bare output."""
        done = subprocess.run(
            [
                str(self._bin / "psql"),
                *("--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
                *("-h", str(self.directory), "-p", str(self.port), "-U", "postgres"),
                *("-d", database, "-v", "ON_ERROR_STOP=1", "-c", statement),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise ServerFailedError(f"{statement}: {done.stderr.strip()}")
        return done.stdout.strip()

    def launch(self) -> "Postgres":
        """Make the cluster on the first start, then start the server."""
        if not self._data.exists():
            self._initialise()
        super().launch()
        return self

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, then a checkpoint (SIGINT, not SIGTERM)."""
        if self.running:
            self.resume()
            os.kill(self.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._wait(self.stop_timeout)
        super().stop()

    def close(self) -> None:
        """End it and remove its files and the shared memory that a kill leaves behind."""
        segment = self._shared_memory()
        if self.running:
            self.resume()
            os.kill(self.pid, signal.SIGQUIT)  # Immediate shutdown: reaps its own children.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._wait(5)
        self.kill9()
        if segment:
            subprocess.run(["ipcrm", "-m", segment], capture_output=True, check=False)
        super().close()

    def _defaults(self, durable: bool) -> list[str]:
        on = "on" if durable else "off"
        return [
            "listen_addresses = '127.0.0.1'",
            f"port = {self.port}",
            f"unix_socket_directories = '{self.directory}'",
            "max_connections = 200",
            "shared_buffers = 128MB",
            # Kept in files of the data directory, so that a kill leaves nothing in /dev/shm.
            "dynamic_shared_memory_type = mmap",
            f"fsync = {on}",
            f"full_page_writes = {on}",
            "timezone = 'UTC'",
        ]

    def _initialise(self) -> None:
        command = [
            str(self._bin / "initdb"),
            *("-D", str(self._data), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"),
            *("--auth=trust", "--no-sync", "--no-instructions"),
        ]
        done = subprocess.run(
            self.as_user(command),
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise ServerFailedError(f"initdb: {done.stderr.strip()}")
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{line}\n" for line in self._settings)

    def _command(self) -> Sequence[str]:
        return [str(self._bin / "postgres"), "-D", str(self._data)]

    def _is_ready(self) -> bool:
        pid_file = self._data / "postmaster.pid"
        # The eighth line appears last and says when sessions are accepted.
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _shared_memory(self) -> str:
        pid_file = self._data / "postmaster.pid"
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        return lines[6].split()[1] if len(lines) >= 7 and len(lines[6].split()) == 2 else ""

    def _signal(self, number: signal.Signals) -> None:
        """To the postmaster and its children: each of them is a process group of its own."""
        if not self.running:
            return
        for pid in [self.pid, *_children(self.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _database(url: str | None) -> str:
    return urlsplit(url).path.lstrip("/") if url else ""


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The command name in brackets may hold spaces; the parent is the second field after it.
            fields = entry.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(entry.parent.name))
    return found
