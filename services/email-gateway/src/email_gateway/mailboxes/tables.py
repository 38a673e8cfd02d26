"""Mailboxes and how far each has been read."""

from datetime import datetime

from sqlalchemy import Column, Integer, String, Text
from sqlmodel import Field

from email_gateway.base import Base
from patchbay_kit.db import BigIntType, IdType, UtcDateTime


class Mailbox(Base, table=True):
    """An IMAP mailbox. The password is sealed. Switched off, its mail stays where it is (S4-43)."""

    __tablename__ = "mailbox"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    name: str = Field(sa_column=Column(String(200), nullable=False))
    public_address: str = Field(sa_column=Column(String(320), nullable=False, unique=True))
    host: str = Field(sa_column=Column(String(255), nullable=False))
    port: int = Field(sa_column=Column(Integer, nullable=False))
    security: str = Field(default="tls", sa_column=Column(String(10), nullable=False))
    username: str = Field(sa_column=Column(String(320), nullable=False))
    sealed_password: str = Field(sa_column=Column(Text, nullable=False))
    folder: str = Field(default="INBOX", sa_column=Column(String(255), nullable=False))
    active: bool = True
    poll_seconds: int = Field(default=30, sa_column=Column(Integer, nullable=False))
    uidvalidity: int | None = Field(default=None, sa_column=Column(BigIntType))
    last_uid: int = Field(default=0, sa_column=Column(BigIntType, nullable=False))
    state: str = Field(default="new", sa_column=Column(String(20), nullable=False))
    last_error: str | None = Field(default=None, sa_column=Column(Text))
    last_success_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    auth_failures: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    next_poll_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    leased_by: str | None = Field(default=None, sa_column=Column(String(64)))
    leased_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = Field(default=1, sa_column=Column(Integer, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
