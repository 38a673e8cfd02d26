"""Documents (files) of tickets and accounts."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, String
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Document(Base, table=True):
    """A file (S2-16). `blob` is its name in the blob store; `size` is in bytes."""

    __tablename__ = "document"
    __table_args__ = (
        Index("ix_document_ticket_id_id", "ticket_id", "id"),
        Index("ix_document_account_id_id", "account_id", "id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    ticket_id: str | None = Field(default=None, sa_column=Column(IdType))
    account_id: str = Field(sa_column=Column(IdType, nullable=False))
    name: str = Field(sa_column=Column(String(300), nullable=False))
    media_type: str = Field(sa_column=Column(String(200), nullable=False))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    blob: str = Field(sa_column=Column(String(200), nullable=False))
    public: bool = False
    created_by: str = Field(sa_column=Column(String(200), nullable=False))
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
