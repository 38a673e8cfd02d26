"""The unit of work:

what one request, one batch of events or one step of a loop changes, and the events it publishes.

Promise: the events are written to the outbox in the transaction of the change: published if and
only if committed.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import Envelope, EventData
from patchbay_kit.db.family import Children
from patchbay_kit.db.outbox import OutboxRow, outbox_row, write_outbox
from patchbay_kit.db.tables import outbox
from patchbay_kit.tracing import Trace, current_trace


@dataclass(slots=True)
class UnitOfWork:
    """Made by `Database.unit_of_work`, which alone commits it. `now` is the unit's time."""

    session: AsyncSession
    service: str
    now: datetime
    actor: str | None = None
    _rows: list[OutboxRow] = field(default_factory=list)
    _has_flushed_events: bool = False

    def publish(
        self,
        data: EventData,
        *,
        subject: str,
        version: int,
        cause: Envelope[Any] | None = None,
        actor: str | None = None,
        trace: Trace | None = None,
    ) -> str:
        """Put an event into the outbox.

        `version` is the aggregate's version after the change; actor and trace are those of the
        unit where none are given. Returns the event's id.
        """
        row = outbox_row(
            data,
            service=self.service,
            subject=subject,
            version=version,
            time=self.now,
            cause=cause,
            actor=actor or self.actor,
            trace=trace or current_trace(),
        )
        self._rows.append(row)
        return row["id"]

    def resend(self, *, event_id: str, event_type: str, body: str, queue: str) -> None:
        """Put a parked message back into one queue, as it was."""
        self._rows.append(
            OutboxRow(
                id=event_id,
                type=event_type,
                aggregateid="",
                payload=body,
                queue=queue,
                attempts=0,
                created_at=self.now,
                next_attempt_at=self.now,
            )
        )

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that may fail without the rest: an error takes back what the block changed and
        the events it put into the outbox, and is raised.
        """
        waiting = [*self._rows]
        try:
            async with self.session.begin_nested():
                yield
        except BaseException:
            self._rows = waiting
            raise

    def events_of(self, ids: Collection[str]) -> Children:
        """The waiting events about these aggregates, for the statement that inserts the aggregates:
        it writes those of the rows that are new and nothing about the others.
        """
        theirs = [row for row in self._rows if row["aggregateid"] in ids]
        self._rows = [row for row in self._rows if row["aggregateid"] not in ids]
        self._has_flushed_events = self._has_flushed_events or bool(theirs)
        return Children(outbox, "aggregateid", theirs)

    @property
    def has_events(self) -> bool:
        """Whether the relay has to be woken after the commit."""
        return self._has_flushed_events or bool(self._rows)

    async def flush(self) -> None:
        """Send pending changes and outbox rows to the database, still inside the transaction."""
        await self.session.flush()
        if self._rows:
            await write_outbox(self.session, self._rows)
            self._rows, self._has_flushed_events = [], True
