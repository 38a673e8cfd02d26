"""Contracts of accounts."""

from datetime import date, datetime

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Text, text
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Contract(Base, table=True):
    """What work for an account is billed under (S2-10, X-21).

    `kind`: block_hours, fixed or time_and_materials. A block has `block_minutes`; `used_minutes` is
    kept by its charges. One contract of an account may be the default of its new tickets.
    """

    __tablename__ = "contract"
    __table_args__ = (
        Index(
            "uq_contract_default",
            "account_id",
            unique=True,
            postgresql_where=text("is_default"),
            sqlite_where=text("is_default"),
        ),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    account_id: str = Field(
        sa_column=Column(IdType, ForeignKey("account.id"), nullable=False, index=True)
    )
    name: str = Field(sa_column=Column(String(200), nullable=False))
    kind: str = Field(sa_column=Column(String(30), nullable=False))
    starts_on: date | None = Field(default=None, sa_column=Column(Date))
    ends_on: date | None = Field(default=None, sa_column=Column(Date))
    block_minutes: int | None = Field(default=None, sa_column=Column(Integer))
    used_minutes: int = 0
    is_default: bool = False
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
