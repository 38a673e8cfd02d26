"""The state file: one SQLite connection used by one thread at a time.

A transaction that was left is in the write-ahead log before the answer goes out, so a killed
process loses nothing that it answered. A power cut may lose the last transactions.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from continuum_sim.schema import SCHEMA, VERSION

Params = Sequence[object] | dict[str, object]


class StateFileError(Exception):
    """The state file is in use by another simulator, or another version wrote it."""


class Store:
    """Durable state, or state in memory when there is no file."""

    def __init__(self, path: Path | None) -> None:
        self._connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=2.0
        )
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare()
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise StateFileError(f"{path}: {error}") from error
        except StateFileError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        # Exclusive: a second simulator on the same file is refused instead of sharing leases.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)
        found = self.meta("schema")
        if found not in (None, VERSION):
            raise StateFileError(f"The state file has layout {found}, this is layout {VERSION}.")
        with self.transaction():
            self.set_meta("schema", VERSION)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit on leaving, roll back on an error. Not to be nested, never held over an await."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run one statement and return the number of changed rows."""
        return self._connection.execute(sql, params).rowcount

    def insert(self, sql: str, params: Params = ()) -> int:
        """Insert one row and return its row id."""
        return self._connection.execute(sql, params).lastrowid or 0

    def execute_many(self, sql: str, rows: Iterable[Params]) -> None:
        """Run one statement for many rows."""
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, params: Params = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self._connection.execute(sql, params).fetchall()

    def row(self, sql: str, params: Params = ()) -> sqlite3.Row | None:
        """Return the first row of a query."""
        found: sqlite3.Row | None = self._connection.execute(sql, params).fetchone()
        return found

    def value(self, sql: str, params: Params = ()) -> Any:
        """Return the first column of the first row, or None."""
        found = self.row(sql, params)
        return found[0] if found else None

    def meta(self, key: str) -> str | None:
        """Return a stored setting."""
        found: str | None = self.value("SELECT value FROM meta WHERE key = ?", (key,))
        return found

    def set_meta(self, key: str, value: str | None) -> None:
        """Store a setting; None removes it."""
        if value is None:
            self.execute("DELETE FROM meta WHERE key = ?", (key,))
        else:
            self.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def take_numbers(self, name: str, count: int = 1) -> int:
        """Reserve `count` consecutive numbers of a counter and return the first."""
        last: int = self.value(
            "INSERT INTO counter (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value",
            (name, count),
        )
        return last - count + 1

    def counter(self, name: str) -> int:
        """Return the last number taken from a counter."""
        return int(self.value("SELECT value FROM counter WHERE name = ?", (name,)) or 0)
