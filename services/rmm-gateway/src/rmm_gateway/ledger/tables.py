"""The ledger of remote tickets and their updates, and what could not be read."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text
from sqlmodel import Field

from patchbay_kit.db import BigIntType, IdType, JsonType, UtcDateTime
from rmm_gateway.base import Base


class RemoteTicket(Base, table=True):
    """A remote ticket, once per connection (S1-61). `seen`: its creation has been delivered."""

    __tablename__ = "remote_ticket"
    __table_args__ = (
        Index("uq_remote_ticket_remote", "connection_id", "remote_ticket_id", unique=True),
        Index("ix_remote_ticket_held", "connection_id", "state", "occurred_at"),
        Index("ix_remote_ticket_state_id", "state", "id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    connection_id: str = Field(sa_column=Column(IdType, nullable=False))
    remote_ticket_id: str = Field(sa_column=Column(String(100), nullable=False))
    state: str = Field(sa_column=Column(String(20), nullable=False))
    seen: bool = Field(sa_column=Column(Boolean, nullable=False))
    number: str | None = Field(default=None, sa_column=Column(Text))
    url: str | None = Field(default=None, sa_column=Column(Text))
    origin: str | None = Field(default=None, sa_column=Column(String(20)))
    remote_site_id: str | None = Field(default=None, sa_column=Column(String(100)))
    site_name: str | None = Field(default=None, sa_column=Column(Text))
    summary: str = Field(sa_column=Column(Text, nullable=False))
    assignee_group: str | None = Field(default=None, sa_column=Column(Text))
    occurred_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    first_seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    last_seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    last_seq: int = Field(sa_column=Column(BigIntType, nullable=False))
    duplicates: int = Field(sa_column=Column(Integer, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JsonType, nullable=False))


class RemoteUpdateRow(Base, table=True):
    """An update, once per connection and sequence number. `payload` is kept until published."""

    __tablename__ = "remote_update"
    __table_args__ = (
        Index("ix_remote_update_ticket", "connection_id", "remote_ticket_id"),
        Index("ix_remote_update_state", "connection_id", "state", "seq"),
    )

    connection_id: str = Field(sa_column=Column(IdType, primary_key=True))
    seq: int = Field(sa_column=Column(BigIntType, primary_key=True, autoincrement=False))
    remote_ticket_id: str = Field(sa_column=Column(String(100), nullable=False))
    kind: str = Field(sa_column=Column(String(20), nullable=False))
    state: str = Field(sa_column=Column(String(20), nullable=False))
    occurred_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    payload: dict[str, Any] | None = Field(default=None, sa_column=Column(JsonType))


class RejectedItem(Base, table=True):
    """What a remote system sent and we could not read; kept until a person decides."""

    __tablename__ = "rejected_item"
    __table_args__ = (
        Index("uq_rejected_item_digest", "connection_id", "digest", unique=True),
        Index("ix_rejected_item_connection_id_id", "connection_id", "id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    connection_id: str = Field(sa_column=Column(IdType, nullable=False))
    source: str = Field(sa_column=Column(String(20), nullable=False))
    digest: str = Field(sa_column=Column(String(64), nullable=False))
    seq: int | None = Field(default=None, sa_column=Column(BigIntType))
    raw: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(String(20), nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    decided_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    decided_by: str | None = Field(default=None, sa_column=Column(String(200)))


TICKET: Table = RemoteTicket.__table__  # type: ignore[attr-defined]  # set by SQLModel
UPDATE: Table = RemoteUpdateRow.__table__  # type: ignore[attr-defined]  # set by SQLModel
REJECTED: Table = RejectedItem.__table__  # type: ignore[attr-defined]  # set by SQLModel
