"""Tasks of tickets and accounts."""

from datetime import datetime

from sqlalchemy import Column, Index, String, Text
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Task(Base, table=True):
    """Something that has to be done (S2-11). Done, it stands in its ticket's history (S2-71)."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_ticket_id_id", "ticket_id", "id"),
        Index("ix_task_assignee_id_id", "assignee_id", "id"),
        Index("ix_task_account_id_id", "account_id", "id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    ticket_id: str | None = Field(default=None, sa_column=Column(IdType))
    account_id: str | None = Field(default=None, sa_column=Column(IdType))
    title: str = Field(sa_column=Column(String(300), nullable=False))
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    assignee_id: str | None = Field(default=None, sa_column=Column(IdType))
    due_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    done_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    done_by: str | None = Field(default=None, sa_column=Column(String(200)))
    created_by: str = Field(sa_column=Column(String(200), nullable=False))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
