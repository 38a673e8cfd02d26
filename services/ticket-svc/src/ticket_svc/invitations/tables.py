"""Invitations to choose a password."""

from datetime import datetime

from sqlalchemy import Column, String, UniqueConstraint
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Invitation(Base, table=True):
    """A person may choose a password once, with the token whose SHA-256 `digest` is.

    `purpose`: `invitation` where somebody of the desk made it, `reset` where the person asked.
    `mail_state`: null where it is not mailed, else asked, sent, caught or failed.
    """

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("person_id", "purpose"),)

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    person_kind: str = Field(sa_column=Column(String(10), nullable=False))
    person_id: str = Field(sa_column=Column(IdType, nullable=False))
    purpose: str = Field(sa_column=Column(String(10), nullable=False))
    digest: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    mailed_to: str | None = Field(default=None, sa_column=Column(String(320)))
    mail_state: str | None = Field(default=None, sa_column=Column(String(10)))
    mail_error: str | None = Field(default=None, sa_column=Column(String(500)))
    created_by: str = Field(sa_column=Column(String(200), nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
