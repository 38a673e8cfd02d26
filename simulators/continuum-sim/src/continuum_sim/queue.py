"""The queue of updates: leased in batches, acknowledged by batch, returned when the lease ends.

At least once. Order is kept for a ticket on first delivery only: an expired lease may bring its
updates back after later ones.
"""

import json
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from continuum_sim.clock import SimClock, stamp
from continuum_sim.errors import SimError
from continuum_sim.store import Store

_EMPTY = "empty-"


class UpdateQueue:
    """Updates that wait for the PSA."""

    def __init__(self, store: Store, clock: SimClock, lease_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._lease = timedelta(seconds=lease_seconds)

    def put(self, updates: list[dict[str, Any]]) -> None:
        """Number and queue updates in order; runs inside the caller's transaction."""
        self.put_payloads(self.number(updates))

    def number(self, updates: list[dict[str, Any]]) -> list[tuple[int, str]]:
        """Give each update its seq and return (seq, payload) pairs."""
        first = self._store.take_numbers("seq", len(updates))
        return [
            (seq, json.dumps({"seq": seq, **update}, ensure_ascii=False))
            for seq, update in enumerate(updates, start=first)
        ]

    def put_payloads(self, positioned: Iterable[tuple[int, str]]) -> None:
        """Queue finished payloads at given positions, to deliver one twice or out of order."""
        self._store.execute_many(
            "INSERT INTO delivery (position, payload) VALUES (?, ?)", positioned
        )

    def lease(self, count: int) -> tuple[str, int]:
        """Lease up to `count` updates; returns the JSON answer and how many it carries."""
        self._return_expired()
        batch_id = str(uuid.uuid4())
        until = stamp(self._clock.now() + self._lease)
        rows = self._store.rows(
            "SELECT id, payload FROM delivery WHERE batch_id IS NULL ORDER BY position, id LIMIT ?",
            (count,),
        )
        if rows:
            self._store.execute_many(
                "UPDATE delivery SET batch_id = ? WHERE id = ?",
                [(batch_id, row["id"]) for row in rows],
            )
            self._store.execute(
                "INSERT INTO batch (id, lease_until, state) VALUES (?, ?, 'leased')",
                (batch_id, until),
            )
        else:
            batch_id = _EMPTY + batch_id
        items = ",".join(row["payload"] for row in rows)
        head = json.dumps({"batchId": batch_id, "leaseUntil": until})
        return f'{head[:-1]},"items":[{items}]}}', len(rows)

    def acknowledge(self, batch_id: str) -> int:
        """Forget a batch and return its size.

        Raises SimError 409 with code unknown_batch, lease_expired or already_acknowledged.
        """
        if batch_id.startswith(_EMPTY):
            return 0
        self._return_expired()
        state = self._store.value("SELECT state FROM batch WHERE id = ?", (batch_id,))
        if state is None:
            raise SimError(409, "unknown_batch", "There is no such batch.")
        if state == "expired":
            raise SimError(409, "lease_expired", "The lease ended and the updates went back.")
        if state == "acknowledged":
            raise SimError(409, "already_acknowledged", "The batch was acknowledged before.")
        count = self._store.execute("DELETE FROM delivery WHERE batch_id = ?", (batch_id,))
        self._store.execute("UPDATE batch SET state = 'acknowledged' WHERE id = ?", (batch_id,))
        self._store.take_numbers("acknowledged", count)
        return count

    def sizes(self) -> dict[str, int]:
        """Return how many updates wait, are leased and were acknowledged."""
        now = self._clock.stamp()
        leased = self._store.value(
            "SELECT count(*) FROM delivery JOIN batch ON batch.id = delivery.batch_id"
            " WHERE batch.state = 'leased' AND batch.lease_until > ?",
            (now,),
        )
        total = self._store.value("SELECT count(*) FROM delivery")
        return {
            "waiting": total - leased,
            "leased": leased,
            "acknowledged": self._store.counter("acknowledged"),
        }

    def _return_expired(self) -> None:
        expired = self._store.rows(
            "SELECT id FROM batch WHERE state = 'leased' AND lease_until <= ?",
            (self._clock.stamp(),),
        )
        for row in expired:
            self._store.execute(
                "UPDATE delivery SET batch_id = NULL WHERE batch_id = ?", (row["id"],)
            )
            self._store.execute("UPDATE batch SET state = 'expired' WHERE id = ?", (row["id"],))
