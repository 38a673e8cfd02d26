"""The queue and ledger of mail that leaves."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Text
from sqlmodel import Field

from email_gateway.base import Base
from patchbay_kit.db import IdType, JsonType, UtcDateTime


class OutgoingMail(Base, table=True):
    """One mail to send. `request_id` is the idempotency key; `message_id` stays the same over all
    attempts. `state`: queued, sending, sent, partly_refused, caught, failed.

    `refused`: address and answer of recipients; while the mail is queued all others have it."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (
        Index("ix_outgoing_mail_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_outgoing_mail_ticket_id_id", "ticket_id", "id"),
        Index("ix_outgoing_mail_message_id", "message_id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    request_id: str = Field(sa_column=Column(String(200), nullable=False, unique=True))
    purpose: str = Field(sa_column=Column(String(20), nullable=False))
    ticket_id: str | None = Field(default=None, sa_column=Column(IdType))
    ticket_number: str | None = Field(default=None, sa_column=Column(String(9)))
    message_id: str = Field(sa_column=Column(String(300), nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    recipients: list[Any] = Field(sa_column=Column(JsonType, nullable=False))
    request: dict[str, Any] = Field(sa_column=Column(JsonType, nullable=False))
    correlation_id: str | None = Field(default=None, sa_column=Column(String(64)))
    causation_id: str | None = Field(default=None, sa_column=Column(String(64)))
    blob: str | None = Field(default=None, sa_column=Column(String(64)))
    state: str = Field(default="queued", sa_column=Column(String(20), nullable=False))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    next_attempt_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    refused: list[Any] = Field(default_factory=list, sa_column=Column(JsonType, nullable=False))
    reasons: list[Any] = Field(default_factory=list, sa_column=Column(JsonType, nullable=False))
    last_error: str | None = Field(default=None, sa_column=Column(Text))
    leased_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
