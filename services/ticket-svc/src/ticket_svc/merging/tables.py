"""Merges of accounts, and what each moved."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, String
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class AccountMerge(Base, table=True):
    """One account merged into another (S1-113, S1-115); `before` is how the merged one was."""

    __tablename__ = "account_merge"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    account_id: str = Field(sa_column=Column(IdType, nullable=False, index=True))
    into_id: str = Field(sa_column=Column(IdType, nullable=False, index=True))
    before: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonType, nullable=False))
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonType, nullable=False))
    merged_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    merged_by: str = Field(sa_column=Column(String(200), nullable=False))
    undone_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    undone_by: str | None = Field(default=None, sa_column=Column(String(200)))


class AccountMergeMove(Base, table=True):
    """A record that a merge carried over. `kind` is its table."""

    __tablename__ = "account_merge_move"

    merge_id: str = Field(sa_column=Column(IdType, primary_key=True))
    kind: str = Field(sa_column=Column(String(30), primary_key=True))
    record_id: str = Field(sa_column=Column(String(255), primary_key=True))
    before: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonType, nullable=False))
