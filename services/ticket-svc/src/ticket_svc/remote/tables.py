"""Remote events that arrived before their ticket; a loop and the ticket's creation both
look here.
"""

from datetime import datetime

from sqlalchemy import Column, Index, String, Text
from sqlmodel import Field

from patchbay_kit.db import UtcDateTime
from ticket_svc.base import Base


class PendingRemoteEvent(Base, table=True):
    """The whole envelope, to be handled when the ticket is there."""

    __tablename__ = "pending_remote_event"
    __table_args__ = (Index("ix_pending_remote_event_remote", "connection_id", "remote_ticket_id"),)

    event_id: str = Field(sa_column=Column(String(64), primary_key=True))
    event_type: str = Field(sa_column=Column(String(100), nullable=False))
    connection_id: str = Field(sa_column=Column(String(64), nullable=False))
    remote_ticket_id: str = Field(sa_column=Column(String(200), nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
