"""The keys that sign bearer tokens, and who says that they forgot a password."""

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


class PasswordRequest(Base, table=True):
    """Somebody says that the person with this address has forgotten the password.

    A row whether or not anybody has the address, for a few seconds: the answer must not tell.
    """

    __tablename__ = "password_request"

    address: str = Field(sa_column=Column(String(320), primary_key=True))
    asked_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
