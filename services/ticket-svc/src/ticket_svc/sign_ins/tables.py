"""Attempts to sign in."""

from datetime import datetime

from sqlalchemy import Column, Integer, String
from sqlmodel import Field

from patchbay_kit.db import UtcDateTime
from ticket_svc.base import Base


class SignInAttempt(Base, table=True):
    """Failures to sign in with one address, whether or not anybody has it.

    `address_digest` is the SHA-256 of the address: what people mistype is nobody's business.
    """

    __tablename__ = "sign_in_attempt"

    address_digest: str = Field(sa_column=Column(String(64), primary_key=True))
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    locked_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    tried_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class SignInClient(Base, table=True):
    """Failures to sign in from one client address, since `counted_since`.

    `client_digest` is a digest of the address: it is personal data, and nobody has to read it.
    """

    __tablename__ = "sign_in_client"

    client_digest: str = Field(sa_column=Column(String(64), primary_key=True))
    failures: int = Field(sa_column=Column(Integer, nullable=False))
    counted_since: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
