"""Bodies of the alerts API."""

from datetime import datetime
from typing import Any

from notifier.alerts.rules import AlertState
from patchbay_contracts import PersonRef, ReasonCode
from patchbay_kit.http import RequestModel, ResponseModel


class ExplainedReason(ResponseModel):
    """One step of a decision, with what it means and what to do about it."""

    code: ReasonCode
    params: dict[str, Any]
    meaning: str
    remedy: str


class AlertView(ResponseModel):
    """One event and one person: told, or why not. `about` is the type of the event."""

    id: str
    event_id: str
    request_id: str
    about: str
    ticket_id: str
    ticket_number: str
    person: PersonRef | None
    mail_subject: str
    state: AlertState
    reasons: list[ExplainedReason]
    decided_at: datetime
    mail_id: str | None
    settled_at: datetime | None
    error: str | None


class Preference(ResponseModel):
    """Whether a person gets alerts; version 0 is the default, on (X-07)."""

    employee_id: str
    enabled: bool
    version: int
    changed_at: datetime | None = None
    changed_by: str | None = None


class NewPreference(RequestModel):
    """Switch alerts on or off."""

    enabled: bool
