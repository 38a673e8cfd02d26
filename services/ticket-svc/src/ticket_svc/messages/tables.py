"""Internal messages between employees."""

from datetime import datetime

from sqlalchemy import Column, Index, String, Text
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Message(Base, table=True):
    """What one employee tells others, mostly about a ticket (S2-14). Customers never see it."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_ticket_id_id", "ticket_id", "id"),)

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    ticket_id: str | None = Field(default=None, sa_column=Column(IdType))
    sender_id: str = Field(sa_column=Column(IdType, nullable=False))
    subject: str = Field(default="", sa_column=Column(String(300), nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class MessageReceipt(Base, table=True):
    """A message in front of one employee, and when they read it."""

    __tablename__ = "message_receipt"
    __table_args__ = (
        Index("ix_message_receipt_employee_id_message_id", "employee_id", "message_id"),
    )

    message_id: str = Field(sa_column=Column(IdType, primary_key=True))
    employee_id: str = Field(sa_column=Column(IdType, primary_key=True))
    read_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
