"""Commands to remote systems and every attempt to carry one out."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from rmm_gateway.base import Base


class RemoteCommand(Base, table=True):
    """A command, once per idempotency key. `payload` is for kinds that carry more than the ids.

    `outcome_unknown`: a call may have had its effect; look at the remote before the next one.
    """

    __tablename__ = "remote_command"
    __table_args__ = (
        Index("ix_remote_command_due", "state", "next_attempt_at"),
        Index("ix_remote_command_remote", "connection_id", "remote_ticket_id"),
        Index("ix_remote_command_ticket_id", "ticket_id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    kind: str = Field(sa_column=Column(String(20), nullable=False))
    idempotency_key: str = Field(sa_column=Column(String(250), nullable=False, unique=True))
    connection_id: str = Field(sa_column=Column(IdType, nullable=False))
    provider: str = Field(sa_column=Column(String(40), nullable=False))
    remote_ticket_id: str = Field(sa_column=Column(String(100), nullable=False))
    remote_number: str | None = Field(default=None, sa_column=Column(Text))
    remote_url: str | None = Field(default=None, sa_column=Column(Text))
    ticket_id: str = Field(sa_column=Column(String(64), nullable=False))
    ticket_number: str = Field(sa_column=Column(String(20), nullable=False))
    note: str | None = Field(default=None, sa_column=Column(Text))
    payload: dict[str, Any] = Field(sa_column=Column(JsonType, nullable=False))
    state: str = Field(sa_column=Column(String(20), nullable=False))
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JsonType, nullable=False))
    attempts: int = Field(sa_column=Column(Integer, nullable=False))
    # Attempts that no longer count: before a retry by hand, or barred by a refused code.
    uncounted: int = Field(sa_column=Column(Integer, nullable=False))
    outcome_unknown: bool = Field(sa_column=Column(Boolean, nullable=False))
    next_attempt_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    lease_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    lease_owner: str | None = Field(default=None, sa_column=Column(IdType))
    last_error: str | None = Field(default=None, sa_column=Column(Text))
    requested_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    requested_by: str | None = Field(default=None, sa_column=Column(String(200)))
    # The envelope members of the event that asked, so that the answer continues its chain.
    cause: dict[str, Any] = Field(sa_column=Column(JsonType, nullable=False))
    finished_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = Field(sa_column=Column(Integer, nullable=False))


class RemoteCommandAttempt(Base, table=True):
    """One attempt; without `outcome` it is running, or its process died."""

    __tablename__ = "remote_command_attempt"

    command_id: str = Field(sa_column=Column(IdType, primary_key=True))
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    started_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    finished_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    outcome: str | None = Field(default=None, sa_column=Column(String(20)))
    detail: str | None = Field(default=None, sa_column=Column(Text))


COMMAND: Table = RemoteCommand.__table__  # type: ignore[attr-defined]  # set by SQLModel
ATTEMPT: Table = RemoteCommandAttempt.__table__  # type: ignore[attr-defined]  # set by SQLModel
