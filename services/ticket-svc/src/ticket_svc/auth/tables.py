"""The keys that sign bearer tokens."""

from datetime import datetime

from sqlalchemy import Column, String, Text
from sqlmodel import Field

from patchbay_kit.db import UtcDateTime
from ticket_svc.base import Base


class SigningKey(Base, table=True):
    """An Ed25519 key; the private half is sealed with the installation's key."""

    __tablename__ = "signing_key"

    kid: str = Field(sa_column=Column(String(64), primary_key=True))
    sealed_private_key: str = Field(sa_column=Column(Text, nullable=False))
    public_key: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    retired_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
