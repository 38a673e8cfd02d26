"""What log lines and new events inherit from the event that is being handled."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from structlog.contextvars import bound_contextvars

from patchbay_contracts import Envelope
from patchbay_kit.tracing import Trace, new_traceparent, traced


def correlation_of(event: Envelope[Any]) -> str:
    """The id of the chain that the event belongs to; an event without one starts it."""
    return event.correlationid or event.id


@contextmanager
def handling(event: Envelope[Any]) -> Iterator[None]:
    """Inside the block the event's trace is the current one and log lines carry its id."""
    trace = Trace(event.traceparent or new_traceparent(), correlation_of(event))
    with traced(trace), bound_contextvars(event_id=event.id):
        yield
