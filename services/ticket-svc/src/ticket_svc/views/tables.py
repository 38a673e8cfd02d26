"""Saved views, kept counts, and the words that a search finds tickets by.

Triggers write the counts and the words (`migrations/listing_sql.py`, ADR 0014).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field

from patchbay_kit.db import BigIntType, IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class SavedView(Base, table=True):
    """A named filter of the ticket list. A shared one is everybody's to use, and its owner's to
    change; everybody sees through it only what they may see anyway.
    """

    __tablename__ = "saved_view"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    owner_id: str = Field(sa_column=Column(IdType, nullable=False, index=True))
    name: str = Field(sa_column=Column(String(200), nullable=False))
    shared: bool = False
    filter: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonType, nullable=False))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class TicketCount(Base, table=True):
    """How many tickets have a status and a manager, without those merged into others.

    `manager_id` of tickets without one is the nil UUID. The truth is this plus the deltas.
    """

    __tablename__ = "ticket_count"

    status: str = Field(sa_column=Column(String(30), primary_key=True))
    manager_id: str = Field(sa_column=Column(IdType, primary_key=True))
    n: int = Field(sa_column=Column(BigIntType, nullable=False))


class TicketCountDelta(Base, table=True):
    """What has changed since the counts were last folded: writers only ever add rows, so that
    they never wait for each other.
    """

    __tablename__ = "ticket_count_delta"

    seq: int = Field(sa_column=Column(BigIntType, primary_key=True, autoincrement=True))
    status: str = Field(sa_column=Column(String(30), nullable=False))
    manager_id: str = Field(sa_column=Column(IdType, nullable=False))
    n: int = Field(sa_column=Column(Integer, nullable=False))


class TicketText(Base, table=True):
    """The words of a ticket, or of a note or mail on it together with the ticket's heading.

    A tsvector on PostgreSQL; on SQLite the text itself, indexed by the FTS5 table `ticket_fts`.
    """

    __tablename__ = "ticket_text"
    __table_args__ = (
        Index("ix_ticket_text_document", "document", postgresql_using="gin").ddl_if(
            dialect="postgresql"
        ),
    )

    seq: int = Field(sa_column=Column(BigIntType, primary_key=True, autoincrement=True))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False, index=True))
    entry_id: str | None = Field(default=None, sa_column=Column(IdType))
    public: bool = False
    document: str = Field(
        sa_column=Column(Text().with_variant(TSVECTOR(), "postgresql"), nullable=False)
    )


class TicketTextStale(Base, table=True):
    """Tickets whose account or asset got another name: a loop renews their words."""

    __tablename__ = "ticket_text_stale"

    seq: int = Field(sa_column=Column(BigIntType, primary_key=True, autoincrement=True))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False))
