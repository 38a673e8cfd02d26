"""Trace context (W3C) and correlation ids, carried through requests, events and logs by a context
variable.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trace:
    """Where in a chain of work we are. `traceparent` is the W3C header of the current step."""

    traceparent: str
    correlation_id: str


_CURRENT: ContextVar[Trace | None] = ContextVar("patchbay_trace", default=None)


def current_trace() -> Trace | None:
    """The trace of the running request or event, if there is one."""
    return _CURRENT.get()


def new_traceparent(parent: str | None = None) -> str:
    """For a new step: the parent's trace id with a fresh span id, or a fresh trace."""
    if parent and len(parent) == 55:
        return f"00-{parent[3:35]}-{os.urandom(8).hex()}-01"
    fresh = os.urandom(24).hex()
    return f"00-{fresh[:32]}-{fresh[32:]}-01"


@contextmanager
def traced(trace: Trace) -> Iterator[None]:
    """Make `trace` the current one inside the block."""
    token = _CURRENT.set(trace)
    try:
        yield
    finally:
        _CURRENT.reset(token)
