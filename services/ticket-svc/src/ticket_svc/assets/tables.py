"""Assets of accounts."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, String, Text
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class Asset(Base, table=True):
    """A device made from an RMM gets name, serial number and manufacturer; the rest goes to the
    note (S1-104).
    """

    __tablename__ = "asset"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    account_id: str = Field(
        sa_column=Column(IdType, ForeignKey("account.id"), nullable=False, index=True)
    )
    name: str = Field(sa_column=Column(String(300), nullable=False))
    serial_number: str | None = Field(default=None, sa_column=Column(String(200)))
    manufacturer: str | None = Field(default=None, sa_column=Column(String(200)))
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    attributes: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JsonType, nullable=False)
    )
    kind: str = Field(default="", sa_column=Column(String(100), nullable=False, server_default=""))
    location_id: str | None = Field(default=None, sa_column=Column(IdType, index=True))
    department_id: str | None = Field(default=None, sa_column=Column(IdType, index=True))
    custom_fields: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JsonType, nullable=False, server_default="{}")
    )
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
