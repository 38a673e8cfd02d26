"""Saved views of the ticket list."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, String
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class SavedView(Base, table=True):
    """A named filter of the ticket list. A shared one is everybody's to use, and its owner's to
    change; everybody sees through it only what they may see anyway.
    """

    __tablename__ = "saved_view"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    owner_id: str = Field(sa_column=Column(IdType, nullable=False, index=True))
    name: str = Field(sa_column=Column(String(200), nullable=False))
    shared: bool = False
    filter: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonType, nullable=False))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
