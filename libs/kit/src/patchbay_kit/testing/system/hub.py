"""The embedded hub as `patchbay run` starts it: one process, SQLite files, no server."""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from patchbay_kit.clock import utc_now
from patchbay_kit.ids import new_id
from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.servers.process import PrivateServer
from patchbay_kit.testing.system.api import Api
from patchbay_kit.testing.system.base import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    System,
    common_settings,
)
from patchbay_kit.testing.system.process import Program


class HubProgram(Program):
    """`patchbay run`; ready when it has printed its ready line."""

    def __init__(self, arguments: list[str], settings: Mapping[str, str]) -> None:
        super().__init__("hub", ["patchbay_hub", "run", *arguments], settings)
        self.ready_line: dict[str, Any] = {}
        self._log_start = 0

    def launch(self) -> Self:
        """Start it; only what this very run prints counts."""
        if not self.running:
            self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
            self.ready_line = {}
        return super().launch()

    def _is_ready(self) -> bool:
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            for line in log.read().splitlines(keepends=True):
                if line.startswith(b'{"event": "ready"') and line.endswith(b"\n"):
                    self.ready_line = json.loads(line)
        return bool(self.ready_line)


class Hub(System):
    """With `demo` it brings a simulator of its own. `settings` are more environment variables."""

    form: ClassVar[str] = "embedded"

    def __init__(self, *, demo: bool = False, settings: Mapping[str, str] | None = None) -> None:
        self.port, self.smtp_port = free_port(), free_port()
        ports = ["--port", str(self.port), "--smtp-port", str(self.smtp_port)]
        self.program = HubProgram([], {**common_settings(), **(settings or {})})
        self.data = self.program.directory / "data"
        demo_flag = ["--demo"] if demo else []
        self.program.arguments += ("--data", str(self.data), *ports, *demo_flag)
        self.api = Api(self.base_url, ADMIN_EMAIL, ADMIN_PASSWORD)

    @property
    def ready_line(self) -> dict[str, Any]:
        """What the last start printed."""
        return self.program.ready_line

    def start(self) -> Self:
        self.program.start()
        return self

    def killable(self) -> Mapping[str, PrivateServer]:
        return self.programs()

    def programs(self) -> Mapping[str, Program]:
        return {"hub": self.program}

    def close(self) -> None:
        self.api.close()
        self.program.close()

    def base_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rows(self, service: str, query: str) -> list[dict[str, Any]]:
        return self._read(self.data / f"{service}.db", query)

    def on_the_bus(self) -> dict[str, int]:
        query = "SELECT queue, count(*) AS n FROM message GROUP BY queue"
        return {row["queue"]: row["n"] for row in self._read(self.data / "bus.db", query)}

    def publish_raw(self, routing_key: str, body: bytes) -> None:
        """Through an outbox, since nobody but the hub may write to its bus."""
        now = utc_now().strftime("%Y-%m-%d %H:%M:%S.%f")
        row = (new_id(), routing_key, "raw", body.decode(), 0, now, now)
        with contextlib.closing(sqlite3.connect(self.data / "ticket-svc.db", timeout=30)) as base:
            base.execute(
                "INSERT INTO outbox (id, type, aggregateid, payload, attempts, created_at,"
                " next_attempt_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            base.commit()

    @contextlib.contextmanager
    def tampered(self, service: str, statement: str) -> Iterator[None]:
        """Change a stopped hub's database behind its back; all is as before afterwards."""
        path = self.data / f"{service}.db"
        whole = self.data / f"{service}.before"
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy(path, whole)
            assert database.execute(statement).rowcount, "nothing was changed"
            database.commit()
        try:
            yield
        finally:
            for left in ("-wal", "-shm"):
                path.with_name(path.name + left).unlink(missing_ok=True)
            whole.replace(path)

    @staticmethod
    def _read(path: Path, query: str) -> list[dict[str, Any]]:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]
