"""What became of each received mail, and how often an address was answered automatically."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, String, Text
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class MailDecision(Base, table=True):
    """One row a mail.

    `undecided` ones wait for a person (S4-28); `evidence` is the event they came with, kept until
    then. `decided_by` is that person.
    """

    __tablename__ = "mail_decision"
    __table_args__ = (Index("ix_mail_decision_outcome_mail_id", "outcome", "mail_id"),)

    mail_id: str = Field(sa_column=Column(IdType, primary_key=True))
    outcome: str = Field(sa_column=Column(String(20), nullable=False))
    ticket_id: str | None = Field(default=None, sa_column=Column(IdType, index=True))
    message_id: str = Field(sa_column=Column(Text, nullable=False))
    sender_email: str | None = Field(default=None, sa_column=Column(String(320)))
    sender_name: str = Field(default="", sa_column=Column(String(200), nullable=False))
    subject: str = Field(default="", sa_column=Column(Text, nullable=False))
    evidence: dict[str, Any] | None = Field(default=None, sa_column=Column(JsonType))
    reasons: list[Any] = Field(default_factory=list, sa_column=Column(JsonType, nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    decided_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    decided_by: str | None = Field(default=None, sa_column=Column(String(200)))


class AwaitedMessage(Base, table=True):
    """A Message-ID that an undecided mail names, and that no ticket had when the mail came."""

    __tablename__ = "awaited_message"

    message_id: str = Field(sa_column=Column(String(1000), primary_key=True))
    mail_id: str = Field(sa_column=Column(IdType, primary_key=True, index=True))


class AutoAnswer(Base, table=True):
    """An automatic answer that went out, for the cap per address and hour (no loop by headers
    alone).
    """

    __tablename__ = "auto_answer"
    __table_args__ = (Index("ix_auto_answer_address_sent_at", "address", "sent_at"),)

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    address: str = Field(sa_column=Column(String(320), nullable=False))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False))
    sent_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
