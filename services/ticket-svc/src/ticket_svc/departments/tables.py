"""Departments of accounts."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, String, UniqueConstraint
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Department(Base, table=True):
    """A part of an account with a free meaning: a team, an office, a building (S3-48)."""

    __tablename__ = "department"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    account_id: str = Field(
        sa_column=Column(IdType, ForeignKey("account.id"), nullable=False, index=True)
    )
    name: str = Field(sa_column=Column(String(200), nullable=False))
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
