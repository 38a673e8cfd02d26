"""Accounts, contacts and account domains. Addresses and domains are stored in lower case."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, UniqueConstraint
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Account(Base, table=True):
    """A client company.

    An auto-created one remembers the remote site it stands for: one per (connection, site), ruling
    C-01.
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
    """A person at an account; at most one is the main contact."""

    __tablename__ = "contact"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    account_id: str = Field(
        sa_column=Column(IdType, ForeignKey("account.id"), nullable=False, index=True)
    )
    name: str = Field(sa_column=Column(String(200), nullable=False))
    email1: str | None = Field(default=None, sa_column=Column(String(320), index=True))
    email2: str | None = Field(default=None, sa_column=Column(String(320), index=True))
    is_main: bool = False
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
