"""What the desk calls statuses, priorities and types; the codes are fixed (X-19)."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.desk.service import load_settings


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels by code. A type that the desk has given up is shown by its code."""

    status: Mapping[str, str]
    priority: Mapping[str, str]
    type: Mapping[str, str]

    def of(self, field: str, code: str) -> str:
        """The label of a value of the field status, priority or type."""
        known: Mapping[str, str] = getattr(self, field)
        return known.get(code, code)


async def load_labels(session: AsyncSession) -> Labels:
    """The labels as they are set now."""
    return labels_of(await load_settings(session))


def labels_of(settings: DeskSettings) -> Labels:
    """The defaults, with what the desk has renamed."""
    return Labels(
        STATUS_LABELS | dict(settings.status_labels.items()),
        PRIORITY_LABELS | dict(settings.priority_labels.items()),
        settings.ticket_types,
    )


STATUS_LABELS: dict[str, str] = {
    "new": "New",
    "scheduled": "Scheduled",
    "in_progress": "In Progress",
    "waiting": "Waiting",
    "completed": "Completed",
    "canceled": "Canceled",
}
PRIORITY_LABELS: dict[str, str] = {
    "low": "Low",
    "normal": "Normal",
    "high": "High",
    "critical": "Critical",
}
