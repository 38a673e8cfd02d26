"""Appointments of technicians."""

from datetime import datetime

from sqlalchemy import Column, Index, String, Text
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Appointment(Base, table=True):
    """A technician's time slot for a ticket (S2-12, X-17). `state`: planned, done or canceled."""

    __tablename__ = "appointment"
    __table_args__ = (
        Index("ix_appointment_ticket_id_id", "ticket_id", "id"),
        Index("ix_appointment_employee_id_starts_at", "employee_id", "starts_at"),
        Index("ix_appointment_starts_at_id", "starts_at", "id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    ticket_id: str | None = Field(default=None, sa_column=Column(IdType))
    account_id: str | None = Field(default=None, sa_column=Column(IdType))
    employee_id: str = Field(sa_column=Column(IdType, nullable=False))
    subject: str = Field(sa_column=Column(String(300), nullable=False))
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    starts_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    ends_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    state: str = Field(default="planned", sa_column=Column(String(10), nullable=False))
    done_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    created_by: str = Field(sa_column=Column(String(200), nullable=False))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
