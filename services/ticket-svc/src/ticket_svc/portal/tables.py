"""Invitations of customers."""

from datetime import datetime

from sqlalchemy import Column, String
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class ContactInvitation(Base, table=True):
    """A contact may choose a password once, with the token whose SHA-256 this is."""

    __tablename__ = "contact_invitation"

    contact_id: str = Field(sa_column=Column(IdType, primary_key=True))
    digest: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    created_by: str = Field(sa_column=Column(String(200), nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
