"""The ledger of received mail: every message ever seen and what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Text
from sqlmodel import Field

from email_gateway.base import Base
from patchbay_kit.db import BigIntType, IdType, JsonType, UtcDateTime


class ReceivedMail(Base, table=True):
    """One mail. `fingerprint` is unique: the same mail delivered again raises `deliveries` and does
    nothing else. `state`: published, filed, created, undecided, ignored, quarantined, discarded."""

    __tablename__ = "received_mail"
    __table_args__ = (
        Index("ix_received_mail_state_id", "state", "id"),
        Index("ix_received_mail_ticket_id_id", "ticket_id", "id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    fingerprint: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    blob: str = Field(sa_column=Column(String(64), nullable=False))
    size: int = Field(sa_column=Column(BigIntType, nullable=False))
    via: str = Field(sa_column=Column(String(10), nullable=False))
    mailbox_id: str | None = Field(default=None, sa_column=Column(IdType))
    envelope_sender: str | None = Field(default=None, sa_column=Column(Text))
    envelope_recipients: list[Any] = Field(
        default_factory=list, sa_column=Column(JsonType, nullable=False)
    )
    message_id: str = Field(default="", sa_column=Column(Text, nullable=False))
    sender: str | None = Field(default=None, sa_column=Column(Text))
    subject: str = Field(default="", sa_column=Column(Text, nullable=False))
    automation: str | None = Field(default=None, sa_column=Column(String(20)))
    state: str = Field(sa_column=Column(String(20), nullable=False))
    ticket_id: str | None = Field(default=None, sa_column=Column(IdType))
    ticket_number: str | None = Field(default=None, sa_column=Column(String(9)))
    reasons: list[Any] = Field(default_factory=list, sa_column=Column(JsonType, nullable=False))
    deliveries: int = Field(default=1, sa_column=Column(Integer, nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    decision_version: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    decided_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class SeenUid(Base, table=True):
    """Which IMAP message became which mail: (mailbox, UIDVALIDITY, UID) is taken in once."""

    __tablename__ = "seen_uid"

    mailbox_id: str = Field(sa_column=Column(IdType, primary_key=True))
    uidvalidity: int = Field(sa_column=Column(BigIntType, primary_key=True))
    uid: int = Field(sa_column=Column(BigIntType, primary_key=True))
    fingerprint: str = Field(sa_column=Column(String(64), nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
