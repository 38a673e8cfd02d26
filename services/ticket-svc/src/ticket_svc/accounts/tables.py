"""Accounts, contacts and account domains. Addresses and domains are stored in lower case."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class Account(Base, table=True):
    """A client company.

    An auto-created one remembers the remote site it stands for: one per (connection, site), ruling
    C-01. One that was merged into another names it in `merged_into_id` and is archived (S1-113).
    """

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("origin_connection_id", "origin_site_id"),
        Index("ix_account_name_id", "name", "id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    name: str = Field(sa_column=Column(String(300), nullable=False))
    auto_created: bool = False
    manager_id: str | None = Field(default=None, sa_column=Column(IdType, nullable=True))
    email1: str | None = Field(default=None, sa_column=Column(String(320), index=True))
    email2: str | None = Field(default=None, sa_column=Column(String(320), index=True))
    origin_connection_id: str | None = Field(default=None, sa_column=Column(String(64)))
    origin_site_id: str | None = Field(default=None, sa_column=Column(String(200)))
    phone: str | None = Field(default=None, sa_column=Column(String(50)))
    fax: str | None = Field(default=None, sa_column=Column(String(50)))
    website: str | None = Field(default=None, sa_column=Column(String(500)))
    note: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    custom_fields: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JsonType, nullable=False, server_default="{}")
    )
    merged_into_id: str | None = Field(default=None, sa_column=Column(IdType, index=True))
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class AccountDomain(Base, table=True):
    """A mail domain that belongs to exactly one account (S4-18); public mail providers are refused
    (S4-19).
    """

    __tablename__ = "account_domain"

    domain: str = Field(sa_column=Column(String(255), primary_key=True))
    account_id: str = Field(sa_column=Column(IdType, ForeignKey("account.id"), nullable=False))


class Contact(Base, table=True):
    """A person at an account; at most one is the main contact, the others are secondary ones.

    With a password they sign in and see what their account may see.
    """

    __tablename__ = "contact"
    __table_args__ = (
        Index(
            "uq_contact_main",
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
    email1: str | None = Field(default=None, sa_column=Column(String(320), index=True))
    email2: str | None = Field(default=None, sa_column=Column(String(320), index=True))
    is_main: bool = False
    phone: str | None = Field(default=None, sa_column=Column(String(50)))
    title: str | None = Field(default=None, sa_column=Column(String(200)))
    custom_fields: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JsonType, nullable=False, server_default="{}")
    )
    password_hash: str | None = Field(default=None, sa_column=Column(String(300)))
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
