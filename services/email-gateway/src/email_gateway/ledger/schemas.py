"""How mails are shown."""

from datetime import datetime
from typing import Any

from pydantic import Field

from patchbay_kit.http import ResponseModel


class ReasonView(ResponseModel):
    """One step of a decision, explained."""

    code: str
    meaning: str
    remedy: str
    params: dict[str, Any]


class MailView(ResponseModel):
    """A mail of either direction; fields of the other direction are null."""

    id: str
    direction: str
    state: str
    subject: str
    message_id: str
    ticket_id: str | None
    ticket_number: str | None
    sender: str | None = None
    recipients: list[str] = Field(default_factory=list)
    at: datetime = Field(description="received, or asked to be sent")
    via: str | None = None
    automation: str | None = None
    deliveries: int | None = Field(default=None, description="how often the same mail came")
    size: int | None = None
    purpose: str | None = None
    request_id: str | None = None
    attempts: int | None = None
    next_attempt_at: datetime | None = None
    sent_at: datetime | None = None
    last_error: str | None = None
    refused: list[str] = Field(default_factory=list)
    reasons: list[ReasonView]


class MailExplanation(ResponseModel):
    """The chain of reasons, in order."""

    mail_id: str
    state: str
    reasons: list[ReasonView]
