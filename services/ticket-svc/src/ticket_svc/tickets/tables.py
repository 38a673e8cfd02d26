"""The ticket and what hangs on it.

Rows that hang on a ticket are only written in the transaction that has written or locked it, so
they carry no foreign key: its check would cost a look-up a row on the hottest path.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field

from patchbay_kit.db import BigIntType, IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


def _partial(name: str, *columns: str, of: str) -> Index:
    """An index of the tickets for which `of` holds."""
    return Index(f"ix_ticket_{name}", *columns, postgresql_where=text(of), sqlite_where=text(of))


class Ticket(Base, table=True):
    """Ids are UUIDv7, so the primary key is the order of creation. `version` counts changes.

    (connection, remote ticket id) is unique: the same remote ticket never makes two (S1-61).
    `awaits_dispatch` is the flag "Waiting for Dispatching" (S2-31); closing takes it away, and
    `dispatch_on_reopen` says that reopening gives it back. `external_update_at` is the last change
    by a customer or a program; `unread` says that the present manager has not seen it (the
    envelope, S2-58). `seconds_in_status` holds the whole times in statuses that were left;
    the present one began at `status_since`, or at creation (S2-03).
    """

    __tablename__ = "ticket"
    __table_args__ = (
        UniqueConstraint("remote_ticket_id", "connection_id"),
        Index("ix_ticket_status_class_id", "status_class", "id"),
        Index("ix_ticket_status_id", "status", "id"),
        Index("ix_ticket_account_id_status_class_id", "account_id", "status_class", "id"),
        Index("ix_ticket_manager_id_status_class_id", "manager_id", "status_class", "id"),
        # For lists alone, which name the condition. Whoever looks a remote ticket up would be given
        # this index on a young database, and read all tickets of its connection.
        _partial("connection_id_id", "connection_id", "id", of="version > 0"),
        Index("ix_ticket_status_class_updated_at_id", "status_class", "updated_at", "id"),
        _partial("status_class_due_at_id", "status_class", "due_at", "id", of="due_at IS NOT NULL"),
        _partial("type_id", "type", "id", of="type <> ''"),
        _partial("priority_id", "priority", "id", of="priority <> 'normal'"),
        _partial("asset_id_id", "asset_id", "id", of="asset_id IS NOT NULL"),
        _partial("contact_id_id", "contact_id", "id", of="contact_id IS NOT NULL"),
        _partial("contract_id_id", "contract_id", "id", of="contract_id IS NOT NULL"),
        _partial("merged_into_id", "merged_into_id", of="merged_into_id IS NOT NULL"),
        _partial("inbox_id", "id", of="in_inbox"),
        _partial("inbox_since_id", "inbox_since", "id", of="in_inbox"),
        _partial("inbox_manager_id_id", "manager_id", "id", of="in_inbox"),
        _partial("unread_manager_id_id", "manager_id", "id", of="unread"),
        _partial("awaits_dispatch_id", "id", of="awaits_dispatch"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    number: str = Field(sa_column=Column(String(9), nullable=False, unique=True))
    subject: str = Field(sa_column=Column(String(500), nullable=False))
    description: str = Field(default="", sa_column=Column(Text, nullable=False))
    status: str = Field(sa_column=Column(String(30), nullable=False))
    status_class: str = Field(sa_column=Column(String(10), nullable=False))
    priority: str = Field(default="normal", sa_column=Column(String(20), nullable=False))
    account_id: str = Field(sa_column=Column(IdType, ForeignKey("account.id"), nullable=False))
    asset_id: str | None = Field(default=None, sa_column=Column(IdType))
    manager_id: str | None = Field(default=None, sa_column=Column(IdType))
    contact_id: str | None = Field(default=None, sa_column=Column(IdType))
    contract_id: str | None = Field(default=None, sa_column=Column(IdType))
    type: str = Field(default="", sa_column=Column(String(100), nullable=False, server_default=""))
    due_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    awaits_dispatch: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )
    dispatch_on_reopen: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )
    external_update_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    unread: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )
    status_since: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    seconds_in_status: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JsonType, nullable=False, server_default="{}")
    )
    custom_fields: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JsonType, nullable=False, server_default="{}")
    )
    merged_into_id: str | None = Field(default=None, sa_column=Column(IdType))
    channel: str = Field(sa_column=Column(String(20), nullable=False))
    connection_id: str | None = Field(default=None, sa_column=Column(String(64)))
    provider: str | None = Field(default=None, sa_column=Column(String(30)))
    remote_ticket_id: str | None = Field(default=None, sa_column=Column(String(200)))
    remote_number: str | None = Field(default=None, sa_column=Column(String(100)))
    remote_url: str | None = Field(default=None, sa_column=Column(Text))
    remote_origin: str | None = Field(default=None, sa_column=Column(String(30)))
    remote_closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    in_inbox: bool = False
    inbox_since: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    inbox_awaiting: str | None = Field(default=None, sa_column=Column(String(30)))
    returned_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    occurred_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    version: int = Field(default=1, sa_column=Column(Integer, nullable=False))


class HistoryEntry(Base, table=True):
    """One thing that happened: when it happened (`occurred_at`) and when we wrote it down
    (S1-58).
    """

    __tablename__ = "history_entry"
    __table_args__ = (Index("ix_history_entry_ticket_id_id", "ticket_id", "id"),)

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False))
    kind: str = Field(sa_column=Column(String(30), nullable=False))
    public: bool = False
    actor: str = Field(sa_column=Column(String(200), nullable=False))
    channel: str = Field(sa_column=Column(String(20), nullable=False))
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonType, nullable=False))
    mail_id: str | None = Field(default=None, sa_column=Column(IdType))
    occurred_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class Recipient(Base, table=True):
    """Who gets the ticket's mail (S2-117).

    `list_name` is external or employee; a row with `role` is resolved when sending (ruling S2-126);
    `dedupe_key` keeps one person once.
    """

    __tablename__ = "recipient"
    __table_args__ = (UniqueConstraint("ticket_id", "list_name", "dedupe_key"),)

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False))
    list_name: str = Field(sa_column=Column(String(10), nullable=False))
    dedupe_key: str = Field(sa_column=Column(String(340), nullable=False))
    role: str | None = Field(default=None, sa_column=Column(String(30)))
    employee_id: str | None = Field(default=None, sa_column=Column(IdType))
    contact_id: str | None = Field(default=None, sa_column=Column(IdType))
    name: str = Field(default="", sa_column=Column(String(200), nullable=False))
    email: str | None = Field(default=None, sa_column=Column(String(320)))
    place: str = Field(default="to", sa_column=Column(String(3), nullable=False))


class Decision(Base, table=True):
    """Why something was done or not done to a ticket; the source of `explain`."""

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_ticket_id_id", "ticket_id", "id"),)

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False))
    about: str = Field(sa_column=Column(String(100), nullable=False))
    event_id: str | None = Field(default=None, sa_column=Column(String(64)))
    actor: str = Field(sa_column=Column(String(200), nullable=False))
    reasons: list[Any] = Field(default_factory=list, sa_column=Column(JsonType, nullable=False))
    decided_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class TicketMessage(Base, table=True):
    """Message-IDs filed on or sent for a ticket, by which answers find it. The first filing
    wins.
    """

    __tablename__ = "ticket_message"

    message_id: str = Field(sa_column=Column(String(1000), primary_key=True))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False))


class TicketRead(Base, table=True):
    """Through which external update an employee has seen the ticket (ruling S2-65)."""

    __tablename__ = "ticket_read"

    ticket_id: str = Field(sa_column=Column(IdType, primary_key=True))
    employee_id: str = Field(sa_column=Column(IdType, primary_key=True))
    read_through: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class TicketRelation(Base, table=True):
    """Two tickets that have to do with each other. `kind`: related, parent, duplicate.

    One row a pair; for parent and duplicate `ticket_id` is the child or the duplicate.
    """

    __tablename__ = "ticket_relation"
    __table_args__ = (Index("ix_ticket_relation_other_id", "other_id"),)

    ticket_id: str = Field(sa_column=Column(IdType, primary_key=True))
    other_id: str = Field(sa_column=Column(IdType, primary_key=True))
    kind: str = Field(sa_column=Column(String(20), nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    created_by: str = Field(sa_column=Column(String(200), nullable=False))


class TicketMerge(Base, table=True):
    """One ticket merged into another. `moved` names what was carried over, for the way back."""

    __tablename__ = "ticket_merge"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False, index=True))
    into_id: str = Field(sa_column=Column(IdType, nullable=False, index=True))
    moved: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonType, nullable=False))
    merged_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    merged_by: str = Field(sa_column=Column(String(200), nullable=False))
    undone_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    undone_by: str | None = Field(default=None, sa_column=Column(String(200)))


class NumberSeries(Base, table=True):
    """The counter behind ticket numbers on SQLite; PostgreSQL has a sequence."""

    __tablename__ = "number_series"

    name: str = Field(sa_column=Column(String(30), primary_key=True))
    value: int = Field(sa_column=Column(BigIntType, nullable=False))
