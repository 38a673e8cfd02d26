"""Locations of accounts."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, UniqueConstraint, text
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Location(Base, table=True):
    """A place of an account. Exactly one that is not archived is the main one (S3-40).

    `remote_key` is the machine group an imported one stands for: it stays when somebody renames the
    location, so that the next sync does not add it again (S3-43).
    """

    __tablename__ = "location"
    __table_args__ = (
        UniqueConstraint("account_id", "remote_key"),
        Index(
            "uq_location_main",
            "account_id",
            unique=True,
            postgresql_where=text("is_main"),
            sqlite_where=text("is_main"),
        ),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    account_id: str = Field(
        sa_column=Column(IdType, ForeignKey("account.id"), nullable=False, index=True)
    )
    name: str = Field(sa_column=Column(String(200), nullable=False))
    is_main: bool = False
    street: str | None = Field(default=None, sa_column=Column(String(300)))
    city: str | None = Field(default=None, sa_column=Column(String(200)))
    region: str | None = Field(default=None, sa_column=Column(String(200)))
    postal_code: str | None = Field(default=None, sa_column=Column(String(20)))
    country: str | None = Field(default=None, sa_column=Column(String(100)))
    phone: str | None = Field(default=None, sa_column=Column(String(50)))
    remote_key: str | None = Field(default=None, sa_column=Column(String(300)))
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
