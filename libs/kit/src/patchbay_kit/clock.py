"""The clock as a value, so that tests own time.

Durations use the event loop's monotonic clock instead.
"""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)
