"""The SQL of the embedded bus. Everything here runs in the writer thread, inside its transaction.

One statement per batch rather than one per row: each step of SQLite gives up the interpreter lock,
and a busy event loop gives it back only after milliseconds.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    event_id TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    body BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 0,
    due_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS message_waiting ON message (queue, id) WHERE due_at IS NULL;
CREATE INDEX IF NOT EXISTS message_delayed ON message (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS in_flight (id INTEGER PRIMARY KEY) STRICT;
"""
_COLUMNS = "id, queue, event_id, routing_key, body, attempt, deliveries"
_CHUNK = 200
_LOAD_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Row:
    """One message in one queue. `deliveries` counts those that ended in a crash.

    `returned` is set when a consumer handed it back in this process.
    """

    id: int
    queue: str
    event_id: str
    routing_key: str
    body: bytes
    attempt: int = 1
    deliveries: int = 0
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a start finds: the highest id used, delayed messages as (due, id, queue)."""

    last_id: int
    delayed: list[tuple[float, int, str]]


def connect(path: Path) -> sqlite3.Connection:
    """Open the file for the writer thread, which alone uses it."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=OFF",
        "wal_autocheckpoint=4000",
        "journal_size_limit=67108864",
        "cache_size=-16384",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.executescript(_SCHEMA)
    return connection


def recover(connection: sqlite3.Connection, *, delivery_limit: int) -> Recovered:
    """Count what was in flight when the last process died; move what died too often."""
    run = connection.execute
    run("UPDATE message SET deliveries = deliveries + 1 WHERE id IN (SELECT id FROM in_flight)")
    run("DELETE FROM in_flight")
    run(
        "UPDATE message SET queue = queue || '.dlq', deliveries = 0, due_at = NULL"
        " WHERE deliveries > ? AND queue NOT LIKE '%.dlq'",
        (delivery_limit,),
    )
    last = run("SELECT coalesce(max(id), 0) FROM message").fetchone()[0]
    delayed = run("SELECT due_at, id, queue FROM message WHERE due_at IS NOT NULL").fetchall()
    return Recovered(last, delayed)


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Store new messages."""
    for chunk in _chunks(rows):
        values: list[Any] = []
        for row in chunk:
            values += (row.id, row.queue, row.event_id, row.routing_key, row.body, row.attempt)
        places = ",".join(["(?,?,?,?,?,?)"] * len(chunk))
        columns = "id, queue, event_id, routing_key, body, attempt"
        statement = f"INSERT INTO message ({columns}) VALUES {places}"  # noqa: S608 - placeholders
        connection.execute(statement, values)


def mark_in_flight(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Remember for `recover` what is about to be handed out."""
    for chunk in _chunks(ids):
        places = ",".join(["(?)"] * len(chunk))
        connection.execute(
            f"INSERT OR IGNORE INTO in_flight (id) VALUES {places}",  # noqa: S608
            chunk,
        )


def hand_back(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Forget that they were handed out: an orderly return does not count as a delivery."""
    _delete(connection, "in_flight", ids)


def settle(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Remove messages for good."""
    _delete(connection, "message", ids)
    _delete(connection, "in_flight", ids)


def delay(connection: sqlite3.Connection, row_id: int, *, attempt: int, due_at: float) -> None:
    """Make one message wait; a new attempt starts a new count of deliveries."""
    connection.execute(
        "UPDATE message SET attempt = ?, due_at = ?, deliveries = 0 WHERE id = ?",
        (attempt, due_at, row_id),
    )
    connection.execute("DELETE FROM in_flight WHERE id = ?", (row_id,))


def load_waiting(
    connection: sqlite3.Connection, queue: str, *, after: int, limit: int
) -> tuple[list[Row], bool]:
    """Messages of one queue in order of arrival, and whether there may be more."""
    cursor = connection.execute(
        f"SELECT {_COLUMNS} FROM message"  # noqa: S608 - constant
        " WHERE queue = ? AND due_at IS NULL AND id > ? ORDER BY id LIMIT ?",
        (queue, after, limit),
    )
    return _read(cursor, limit)


def load_by_id(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Row]:
    """Messages whose delay is over."""
    found: list[Row] = []
    for chunk in _chunks(ids):
        cursor = connection.execute(
            f"SELECT {_COLUMNS} FROM message"  # noqa: S608 - constant
            f" WHERE id IN ({','.join('?' * len(chunk))}) ORDER BY due_at",
            chunk,
        )
        found += [Row(*fields) for fields in cursor]
    return found


def count(connection: sqlite3.Connection, queue: str, *, now: float) -> int:
    """How many messages of a queue are not delayed, in flight included."""
    query = (
        "SELECT (SELECT count(*) FROM message WHERE queue = ?1 AND due_at IS NULL)"
        " + (SELECT count(*) FROM message WHERE due_at <= ?2 AND queue = ?1)"
    )
    counted: int = connection.execute(query, (queue, now)).fetchone()[0]
    return counted


def _read(cursor: Iterable[tuple[Any, ...]], limit: int) -> tuple[list[Row], bool]:
    rows: list[Row] = []
    size = 0
    for fields in cursor:
        rows.append(Row(*fields))
        size += len(rows[-1].body)
        if size >= _LOAD_BYTES:
            return rows, True
    return rows, len(rows) == limit


def _delete(connection: sqlite3.Connection, table: str, ids: Sequence[int]) -> None:
    for chunk in _chunks(ids):
        connection.execute(
            f"DELETE FROM {table} WHERE id IN ({','.join('?' * len(chunk))})",  # noqa: S608
            chunk,
        )


def _chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[i : i + _CHUNK] for i in range(0, len(items), _CHUNK))
