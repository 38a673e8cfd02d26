"""The request journal, written in the transaction of the effect it tells of.

PSG calls, changes by the control API and violations are recorded; reads of the control API are
not. Calls without effect are pruned beyond the last 100,000 rows, the others stay for good.
"""

from dataclasses import dataclass
from typing import Any

from continuum_sim.clock import SimClock
from continuum_sim.control_models import LogQuery
from continuum_sim.store import Store

_KEEP = 100_000
_PRUNE_EVERY = 5_000


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What of a request goes into the journal."""

    method: str
    path: str
    query: str = ""
    ticket_id: str | None = None
    fault: str | None = None


class Journal:
    """Who called what, how it was answered and what it changed."""

    def __init__(self, store: Store, clock: SimClock) -> None:
        self._store = store
        self._clock = clock

    def write(
        self,
        line: RequestLine,
        status: int,
        *,
        effect: str | None = None,
        code: str | None = None,
        violation: str | None = None,
    ) -> None:
        """Add a row inside the caller's transaction. Status 0: the socket was cut unanswered."""
        seq = self._store.insert(
            "INSERT INTO journal (at, method, path, query, status, effect, code, ticket_id, fault,"
            " violation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._clock.stamp(),
                line.method,
                line.path,
                line.query,
                status,
                effect,
                code,
                line.ticket_id,
                line.fault,
                violation,
            ),
        )
        if seq % _PRUNE_EVERY == 0:
            self._store.execute(
                "DELETE FROM journal WHERE seq < ? AND effect IS NULL AND violation IS NULL"
                " AND ticket_id IS NULL AND fault IS NULL",
                (seq - _KEEP,),
            )

    def read(self, query: LogQuery) -> list[dict[str, Any]]:
        """Return rows after `query.after`, oldest first."""
        rows = self._store.rows(
            "SELECT seq, at, method, path, query, status, effect, code, ticket_id AS ticketId,"
            " fault, violation FROM journal WHERE seq > :after"
            " AND (:path IS NULL OR path GLOB :path)"
            " AND (:ticket IS NULL OR ticket_id = :ticket)"
            " AND (:violations = 0 OR violation IS NOT NULL) ORDER BY seq LIMIT :limit",
            {
                "after": query.after,
                "path": query.path,
                "ticket": query.ticket_id,
                "violations": int(query.violations),
                "limit": query.limit,
            },
        )
        return [dict(row) for row in rows]

    def count(self) -> dict[str, int]:
        """Return the number of rows and of violations."""
        return {
            "requests": self._store.value("SELECT count(*) FROM journal"),
            "violations": self._store.value(
                "SELECT count(*) FROM journal WHERE violation IS NOT NULL"
            ),
        }
