"""The outbox: events written in the transaction of the change they tell about.

The relay (`workers.relay`) is the only reader. A row is deleted when every queue that wants it has
confirmed it.
"""

from datetime import datetime
from typing import Any, TypedDict

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import Envelope, EventData, schema_uri
from patchbay_kit.db.bulk import insert_many
from patchbay_kit.db.tables import outbox
from patchbay_kit.errors import PermanentError
from patchbay_kit.ids import new_id
from patchbay_kit.tracing import Trace, new_traceparent

# A broker closes the channel on what is larger than 16 MiB, and on all that is under way with it.
MAX_EVENT_BYTES = 12 * 1024 * 1024


class OutboxRow(TypedDict):
    """One row, ready to be inserted."""

    id: str
    type: str
    aggregateid: str
    payload: str
    queue: str | None
    attempts: int
    created_at: datetime
    next_attempt_at: datetime


def outbox_row(
    data: EventData,
    *,
    service: str,
    subject: str,
    version: int,
    time: datetime,
    cause: Envelope[Any] | None,
    actor: str | None,
    trace: Trace | None,
) -> OutboxRow:
    """Wrap `data` into its CloudEvents envelope.

    A caused event continues the cause's correlation and trace. PermanentError beyond
    MAX_EVENT_BYTES: big things travel by reference.
    """
    event_id = new_id()
    parent = cause.traceparent if cause else (trace.traceparent if trace else None)
    correlation = (
        (cause.correlationid or cause.id)
        if cause
        else (trace.correlation_id if trace else event_id)
    )
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/services/{service}",
        "type": data.event_type,
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "dataschema": schema_uri(data.event_type),
        "traceparent": new_traceparent(parent),
        "correlationid": correlation,
        "actor": actor or f"system:{service}",
        "aggregateversion": version,
        "data": orjson.Fragment(data.model_dump_json(exclude_none=True)),
    }
    if cause is not None:
        envelope["causationid"] = cause.id
    payload = orjson.dumps(envelope)
    if len(payload) > MAX_EVENT_BYTES:
        raise PermanentError("event_too_large", f"{data.event_type} of {len(payload)} bytes")
    return OutboxRow(
        id=event_id,
        type=data.event_type,
        aggregateid=subject,
        payload=payload.decode(),
        queue=None,
        attempts=0,
        created_at=time,
        next_attempt_at=time,
    )


async def write_outbox(session: AsyncSession, rows: list[OutboxRow]) -> None:
    """Insert the rows inside the caller's transaction."""
    await insert_many(session, outbox, rows)
