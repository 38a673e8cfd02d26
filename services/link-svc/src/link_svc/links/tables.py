"""Links, every change of them, and the operations that removed several at once.

A row per remote record stays for ever: its version only grows, over unlinking and linking again,
so consumers can put the events of one record in order.
"""

from datetime import datetime

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, text
from sqlmodel import Field

from link_svc.links.rules import LinkFacts, LinkKind
from link_svc.tables import Base
from patchbay_kit.db import BigIntType, IdType, UtcDateTime

_LINKED_DEVICE = text("kind = 'device' AND linked")


class Link(Base, table=True):
    """A remote record and what it is, or was, linked to.

    `home_id` is the account that a site was linked to, where merges of accounts have carried the
    link to another one (S1-115).
    """

    __tablename__ = "link"
    __table_args__ = (
        Index(
            "uq_link_remote",
            "kind",
            "connection_id",
            "remote_id",
            unique=True,
        ),
        # One device to one asset per connection (S1-108).
        Index(
            "uq_link_device_of_asset",
            "connection_id",
            "target_id",
            unique=True,
            postgresql_where=_LINKED_DEVICE,
            sqlite_where=_LINKED_DEVICE,
        ),
        Index("ix_link_kind_target_id", "kind", "target_id"),
        Index("ix_link_kind_id", "kind", "id"),
        Index(
            "ix_link_home_id",
            "home_id",
            postgresql_where=text("home_id IS NOT NULL"),
            sqlite_where=text("home_id IS NOT NULL"),
        ),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    kind: str = Field(sa_column=Column(String(10), nullable=False))
    connection_id: str = Field(sa_column=Column(String(64), nullable=False))
    remote_id: str = Field(sa_column=Column(Text, nullable=False))
    remote_name: str = Field(sa_column=Column(Text, nullable=False))
    target_id: str = Field(sa_column=Column(String(64), nullable=False))
    home_id: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    linked: bool = Field(sa_column=Column(Boolean, nullable=False))
    auto_created: bool = Field(sa_column=Column(Boolean, nullable=False))
    version: int = Field(sa_column=Column(BigIntType, nullable=False))
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    changed_by: str = Field(sa_column=Column(String(200), nullable=False))

    @property
    def facts(self) -> LinkFacts:
        """The link as events tell it."""
        return LinkFacts(
            LinkKind(self.kind),
            self.connection_id,
            self.remote_id,
            self.remote_name,
            self.target_id,
            self.auto_created,
        )


class LinkChange(Base, table=True):
    """One change of a link; never changed itself. `event_id` is the event that caused it."""

    __tablename__ = "link_change"
    __table_args__ = (
        Index("uq_link_change_link_id_version", "link_id", "version", unique=True),
        Index("ix_link_change_operation_id", "operation_id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    link_id: str = Field(sa_column=Column(IdType, nullable=False))
    version: int = Field(sa_column=Column(BigIntType, nullable=False))
    action: str = Field(sa_column=Column(String(10), nullable=False))
    cause: str = Field(sa_column=Column(String(40), nullable=False))
    target_id: str = Field(sa_column=Column(String(64), nullable=False))
    actor: str = Field(sa_column=Column(String(200), nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    event_id: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    operation_id: str | None = Field(default=None, sa_column=Column(IdType, nullable=True))


class LinkOperation(Base, table=True):
    """The removal of a site link with all that came through it (S1-99); can be undone once."""

    __tablename__ = "link_operation"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    link_id: str = Field(sa_column=Column(IdType, nullable=False))
    connection_id: str = Field(sa_column=Column(String(64), nullable=False))
    remote_site_id: str = Field(sa_column=Column(Text, nullable=False))
    site_name: str = Field(sa_column=Column(Text, nullable=False))
    account_id: str = Field(sa_column=Column(String(64), nullable=False))
    devices: int = Field(sa_column=Column(Integer, nullable=False))
    tickets: int = Field(sa_column=Column(Integer, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    actor: str = Field(sa_column=Column(String(200), nullable=False))
    undone_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    undone_by: str | None = Field(default=None, sa_column=Column(String(200), nullable=True))


class RemoteTicket(Base, table=True):
    """Through which site a remote ticket came."""

    __tablename__ = "remote_ticket"
    __table_args__ = (Index("ix_remote_ticket_site", "connection_id", "remote_site_id"),)

    connection_id: str = Field(sa_column=Column(String(64), primary_key=True))
    remote_ticket_id: str = Field(sa_column=Column(Text, primary_key=True))
    remote_site_id: str = Field(sa_column=Column(Text, nullable=False))


LINK: Table = Base.metadata.tables["link"]
CHANGE: Table = Base.metadata.tables["link_change"]
OPERATION: Table = Base.metadata.tables["link_operation"]
REMOTE_TICKET: Table = Base.metadata.tables["remote_ticket"]
