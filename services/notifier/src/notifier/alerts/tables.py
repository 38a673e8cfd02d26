"""The ledger of alerts, and people's preferences."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Index, String, Table, Text
from sqlmodel import Field

from notifier.tables import Base
from patchbay_kit.db import BigIntType, IdType, JsonType, UtcDateTime


class Alert(Base, table=True):
    """One event and one person: told, or why not. `person_key` is empty where there is nobody."""

    __tablename__ = "alert"
    __table_args__ = (
        # One event gives one alert per person.
        Index("uq_alert_event_id_person_key", "event_id", "person_key", unique=True),
        Index("uq_alert_request_id", "request_id", unique=True),
        Index("ix_alert_ticket_id_id", "ticket_id", "id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    event_id: str = Field(sa_column=Column(String(64), nullable=False))
    person_key: str = Field(sa_column=Column(String(400), nullable=False))
    request_id: str = Field(sa_column=Column(String(64), nullable=False))
    about: str = Field(sa_column=Column(String(100), nullable=False))
    ticket_id: str = Field(sa_column=Column(String(64), nullable=False))
    ticket_number: str = Field(sa_column=Column(String(20), nullable=False))
    person: dict[str, Any] | None = Field(default=None, sa_column=Column(JsonType, nullable=True))
    mail_subject: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(String(20), nullable=False))
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JsonType, nullable=False))
    decided_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    mail_id: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    error: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


class AlertPreference(Base, table=True):
    """Whether a person wants alerts; no row means yes (X-07)."""

    __tablename__ = "alert_preference"

    employee_id: str = Field(sa_column=Column(String(64), primary_key=True))
    enabled: bool = Field(sa_column=Column(Boolean, nullable=False))
    version: int = Field(sa_column=Column(BigIntType, nullable=False))
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    changed_by: str = Field(sa_column=Column(String(200), nullable=False))


class AlertSetting(Base, table=True):
    """Settings of the process that handlers need, written at start."""

    __tablename__ = "alert_setting"

    name: str = Field(sa_column=Column(String(100), primary_key=True))
    value: str = Field(sa_column=Column(Text, nullable=False))


ALERT: Table = Base.metadata.tables["alert"]
PREFERENCE: Table = Base.metadata.tables["alert_preference"]
SETTING: Table = Base.metadata.tables["alert_setting"]
