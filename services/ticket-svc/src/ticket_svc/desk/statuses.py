"""The fixed set of statuses (X-19):

codes are stable, labels may be renamed, the class decides open or closed.
"""

from enum import StrEnum
from typing import Literal

StatusClass = Literal["open", "closed"]
StatusCode = Literal["new", "scheduled", "in_progress", "waiting", "completed", "canceled"]
Priority = Literal["low", "normal", "high", "critical"]


class Status(StrEnum):
    NEW = "new"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    COMPLETED = "completed"
    CANCELED = "canceled"


CLOSED = frozenset({Status.COMPLETED, Status.CANCELED})


def class_of(status: str) -> StatusClass:
    """Open or closed (S2-25, S2-26)."""
    return "closed" if status in CLOSED else "open"
