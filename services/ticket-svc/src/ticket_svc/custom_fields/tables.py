"""Fields that a desk adds to its records."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, String, UniqueConstraint
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class CustomField(Base, table=True):
    """`record`: account, contact, asset or ticket. `kind`: text, number, flag, date or choice.

    Values live in the records' own `custom_fields`, by `key`.
    """

    __tablename__ = "custom_field"
    __table_args__ = (UniqueConstraint("record", "key"),)

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    record: str = Field(sa_column=Column(String(20), nullable=False))
    key: str = Field(sa_column=Column(String(60), nullable=False))
    label: str = Field(sa_column=Column(String(200), nullable=False))
    kind: str = Field(sa_column=Column(String(20), nullable=False))
    choices: list[Any] = Field(default_factory=list, sa_column=Column(JsonType, nullable=False))
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
