"""What live screens are told."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, String
from sqlmodel import Field

from patchbay_kit.db import BigIntType, IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class LiveChange(Base, table=True):
    """A fact about a ticket, in the order in which live screens hear of them.

    One writer at a time gives `seq`, so that a reader that has seen `n` never misses what is below.
    Who is told is decided when it is read, by who may see the ticket then.
    """

    __tablename__ = "live_change"
    __table_args__ = (Index("ix_live_change_recorded_at", "recorded_at"),)

    seq: int = Field(sa_column=Column(BigIntType, primary_key=True, autoincrement=True))
    event_id: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    type: str = Field(sa_column=Column(String(100), nullable=False))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    public: bool = False
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonType, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
