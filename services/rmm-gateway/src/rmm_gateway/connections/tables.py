"""Connections to remote systems, and who changed them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from rmm_gateway.base import Base


class Connection(Base, table=True):
    """One remote system. Removed ones stay as a row without their secret: history needs them.

    `version` counts what people change (the ETag); `event_version` counts published events.
    """

    __tablename__ = "connection"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    name: str = Field(sa_column=Column(String(200), nullable=False))
    provider: str = Field(sa_column=Column(String(40), nullable=False))
    base_url: str = Field(sa_column=Column(String(500), nullable=False))
    secret_sealed: str | None = Field(default=None, sa_column=Column(Text))
    # Keyed hash: one security code belongs to exactly one connection (S1-19).
    secret_hash: str | None = Field(default=None, sa_column=Column(String(64), unique=True))
    inventory_sync: bool = Field(sa_column=Column(Boolean, nullable=False))
    ticket_processing: bool = Field(sa_column=Column(Boolean, nullable=False))
    import_cutoff_days: int = Field(sa_column=Column(Integer, nullable=False))
    close_on: str = Field(sa_column=Column(String(20), nullable=False))
    poll_interval: float = Field(sa_column=Column(Float, nullable=False))
    inventory_interval: float = Field(sa_column=Column(Float, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    removed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))

    state: str = Field(sa_column=Column(String(20), nullable=False))
    state_since: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    state_detail: str | None = Field(default=None, sa_column=Column(Text))
    activating_since: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    event_version: int = Field(sa_column=Column(Integer, nullable=False))
    failures: int = Field(sa_column=Column(Integer, nullable=False))
    last_error: str | None = Field(default=None, sa_column=Column(Text))
    last_error_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))

    poll_due_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    poll_lease_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    poll_lease_owner: str | None = Field(default=None, sa_column=Column(IdType))
    last_poll_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    # When the remote queue was last seen empty: everything up to then is stored here.
    watermark_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))

    inventory_due_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    inventory_lease_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    inventory_lease_owner: str | None = Field(default=None, sa_column=Column(IdType))
    last_inventory_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    inventory_error: str | None = Field(default=None, sa_column=Column(Text))
    inventory_failures: int = Field(sa_column=Column(Integer, nullable=False))
    snapshot: int = Field(sa_column=Column(Integer, nullable=False))

    # Set by enabling; cleared when no update is held any more (S1-43).
    draining: bool = Field(sa_column=Column(Boolean, nullable=False))
    cutoff_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class ConnectionChange(Base, table=True):
    """Who did what to a connection, and when; secrets appear as "changed" only."""

    __tablename__ = "connection_change"
    __table_args__ = (Index("ix_connection_change_connection_id_id", "connection_id", "id"),)

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    connection_id: str = Field(sa_column=Column(IdType, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    actor: str = Field(sa_column=Column(String(200), nullable=False))
    action: str = Field(sa_column=Column(String(20), nullable=False))
    changes: dict[str, Any] = Field(sa_column=Column(JsonType, nullable=False))


CONNECTION: Table = Connection.__table__  # type: ignore[attr-defined]  # set by SQLModel
CHANGE: Table = ConnectionChange.__table__  # type: ignore[attr-defined]  # set by SQLModel
