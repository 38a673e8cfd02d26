"""What live screens are told."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, String
from sqlmodel import Field

from patchbay_kit.db import BigIntType, IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class LiveChange(Base, table=True):
    """A fact about a ticket, written by a trigger with the event that tells it (ADR 0016).

    (`xid`, `seq`) is the order in which readers take the rows: `xid` is the writing transaction, so
    that a reader can leave what is not final yet; it is 0 on SQLite, which has one writer.
    """

    __tablename__ = "live_change"
    __table_args__ = (
        Index("ix_live_change_xid_seq", "xid", "seq"),
        Index("ix_live_change_recorded_at", "recorded_at"),
        # A place that was pruned is never given again.
        {"sqlite_autoincrement": True},
    )

    seq: int = Field(sa_column=Column(BigIntType, primary_key=True, autoincrement=True))
    xid: int = Field(sa_column=Column(BigIntType, nullable=False))
    type: str = Field(sa_column=Column(String(100), nullable=False))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonType, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
