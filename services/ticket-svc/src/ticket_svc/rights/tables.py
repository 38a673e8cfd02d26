"""API keys."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, String
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class ApiKey(Base, table=True):
    """A program's credential: shown once, kept as its SHA-256. `scopes` are permissions."""

    __tablename__ = "api_key"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    name: str = Field(sa_column=Column(String(200), nullable=False))
    digest: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    hint: str = Field(sa_column=Column(String(20), nullable=False))
    scopes: list[Any] = Field(default_factory=list, sa_column=Column(JsonType, nullable=False))
    created_by: str = Field(sa_column=Column(String(200), nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    last_used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
