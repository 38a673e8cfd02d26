"""Events of notifier: who was told about what."""

from pydantic import AwareDatetime, Field

from patchbay_contracts.base import EventData
from patchbay_contracts.refs import PersonRef, Reason


class AlertRequested(EventData, event="alert.requested.v1", publisher="notifier"):
    """An alert about a ticket was decided on: to whom, or why nobody was told (X-07 .. X-10).

    The subject is the alert id.
    """

    alert_id: str
    ticket_id: str
    about: str = Field(description="type of the event that caused the alert")
    person: PersonRef | None = None
    suppressed: bool = False
    decided_at: AwareDatetime
    reasons: list[Reason]
