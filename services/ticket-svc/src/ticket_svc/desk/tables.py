"""Settings of the desk, one row a setting."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, String
from sqlmodel import Field

from patchbay_kit.db import JsonType, UtcDateTime
from ticket_svc.base import Base


class DeskSetting(Base, table=True):
    """`name` is a field of `desk.schemas.DeskSettings`; missing rows mean its default."""

    __tablename__ = "desk_setting"

    name: str = Field(sa_column=Column(String(100), primary_key=True))
    value: Any = Field(default=None, sa_column=Column(JsonType))
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    changed_by: str | None = Field(default=None, sa_column=Column(String(200)))
