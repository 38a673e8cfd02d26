"""Embedded hub: RemoteTicketReceived -> TicketCreated handled, beside bare SQLite transactions."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bench.cpu import CpuMeter, resident
from bench.events import remote_ticket
from bench.servers import environment
from patchbay_kit.ids import new_id

BACKLOG = 5_000
WARM = 500
TIMEOUT = 300
_LINKS = "SELECT count(*) FROM link WHERE kind = 'ticket'"
_OUTBOX = (
    "INSERT INTO outbox (id, type, aggregateid, payload, attempts, created_at, next_attempt_at)"
    " VALUES (?, 'remote_ticket.received.v1', ?, ?, 0, ?, ?)"
)
_FLOOR = """
CREATE TABLE inbox (consumer TEXT, event_id TEXT, at TEXT, PRIMARY KEY (consumer, event_id));
CREATE TABLE ticket (id TEXT PRIMARY KEY, number TEXT UNIQUE, connection TEXT, remote_id TEXT,
  subject TEXT, description TEXT, status TEXT, created_at TEXT, UNIQUE (connection, remote_id));
CREATE TABLE history (id TEXT PRIMARY KEY, ticket_id TEXT, body TEXT, at TEXT);
CREATE TABLE recipient (id TEXT PRIMARY KEY, ticket_id TEXT, role TEXT, UNIQUE (ticket_id, role));
CREATE TABLE decision (id TEXT PRIMARY KEY, ticket_id TEXT, reasons TEXT, at TEXT);
CREATE TABLE outbox (seq INTEGER PRIMARY KEY, id TEXT, payload TEXT, at TEXT);
"""


@dataclass(frozen=True)
class EmbeddedMeasured:
    """Tickets per second; µs of CPU per ticket; MiB of the hub idle and after the run."""

    rate: float
    cpu: dict[str, float]
    idle: float = 0.0
    after: float = 0.0


def measure_floor(*, backlog: int = BACKLOG) -> EmbeddedMeasured:
    """One transaction a ticket with the rows that ticket-svc writes for it."""
    with tempfile.TemporaryDirectory(prefix="pb-", dir="/tmp") as folder:
        bodies = [remote_ticket(number) for number in range(backlog)]
        with closing(sqlite3.connect(f"{folder}/floor.db", isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.executescript(_FLOOR)
            meter = CpuMeter({"floor": os.getpid()})
            started = time.perf_counter()
            for number, body in enumerate(bodies):
                _write(database, number, body)
            taken = time.perf_counter() - started
            return EmbeddedMeasured(backlog / taken, meter.per_event(backlog))


def _write(database: sqlite3.Connection, number: int, body: bytes) -> None:
    event = orjson.loads(body)
    data, ticket, now = event["data"], new_id(), datetime.now(UTC).isoformat()
    payload = orjson.dumps({"id": new_id(), "data": data}).decode()
    remote = data["remote"]
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO inbox VALUES ('floor', ?, ?)", (event["id"], now))
    database.execute(
        "INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, 'new', ?)",
        (
            ticket,
            f"{number:08d}",
            remote["connection_id"],
            remote["remote_ticket_id"],
            data["summary"],
            data["description"],
            now,
        ),
    )
    database.execute(
        "INSERT INTO history VALUES (?, ?, ?, ?)", (new_id(), ticket, data["summary"], now)
    )
    database.executemany(
        "INSERT INTO recipient VALUES (?, ?, ?)",
        [(new_id(), ticket, "ticket_manager"), (new_id(), ticket, "account_manager")],
    )
    database.execute("INSERT INTO decision VALUES (?, ?, '[]', ?)", (new_id(), ticket, now))
    database.execute(
        "INSERT INTO outbox (id, payload, at) VALUES (?, ?, ?)", (new_id(), payload, now)
    )
    database.execute("COMMIT")


def measure_ours(*, backlog: int = BACKLOG) -> EmbeddedMeasured:
    """`patchbay run`, fed through rmm-gateway's outbox, until link-svc has handled every
    TicketCreated.
    """
    with tempfile.TemporaryDirectory(prefix="pb-", dir="/tmp") as folder:
        data = Path(folder)
        with _hub(data) as pid:
            idle = resident(pid)
            _nobody_to_alert(data)
            _feed(data, range(WARM))
            _until_linked(data, WARM)
            meter = CpuMeter({"hub": pid})
            _feed(data, range(WARM, WARM + backlog))
            rate = _until_linked(data, WARM + backlog)
            return EmbeddedMeasured(rate, meter.per_event(backlog), idle, resident(pid))


@contextmanager
def _hub(data: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "patchbay_hub", "run", "--data", str(data)]
    command += ["--port", "0", "--smtp-port", "0"]
    env = environment(outgoing="catch")
    running = subprocess.Popen(command, env=env, stdout=subprocess.PIPE)
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        yield int(json.loads(line)["pid"])
    finally:
        running.terminate()
        try:
            running.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()


def _nobody_to_alert(data: Path) -> None:
    """Without a default manager no mail follows a ticket: the path ends where it is measured."""
    query = "UPDATE desk_setting SET value = 'null' WHERE name = 'default_manager_id'"
    with closing(sqlite3.connect(data / "ticket-svc.db", timeout=30)) as database, database:
        database.execute(query)


def _feed(data: Path, numbers: range) -> None:
    """All at once; the hub's relay looks at least every second."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    rows = []
    for number in numbers:
        body = remote_ticket(number)
        rows.append((orjson.loads(body)["id"], f"bench/{number}", body.decode(), now, now))
    with closing(sqlite3.connect(data / "rmm-gateway.db", timeout=30)) as database, database:
        database.executemany(_OUTBOX, rows)


def _until_linked(data: Path, wanted: int) -> float:
    """Links per second from the first that is seen to the last."""
    with closing(sqlite3.connect(f"file:{data / 'link-svc.db'}?mode=ro", uri=True)) as database:
        (start,) = database.execute(_LINKS).fetchone()
        first: tuple[float, int] | None = None
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            (count,) = database.execute(_LINKS).fetchone()
            now = time.perf_counter()
            if count > start and first is None:
                first = (now, count)
            if first is not None and count >= wanted:
                return float((count - first[1]) / max(now - first[0], 1e-9))
            time.sleep(0.02)  # noqa: TID251 - a meter that looks from outside
    raise TimeoutError(f"{wanted} tickets were not linked within {TIMEOUT} s")
