"""Charges of tickets."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer, String, Text
from sqlmodel import Field

from patchbay_kit.db import IdType, UtcDateTime
from ticket_svc.base import Base


class Charge(Base, table=True):
    """Work, an expense or a part (S2-13), billed to a contract (X-21).

    Work has `minutes`. `unit_price` and `amount` are in hundredths of the desk's currency,
    `quantity` in thousandths.
    """

    __tablename__ = "charge"
    __table_args__ = (
        Index("ix_charge_ticket_id_id", "ticket_id", "id"),
        Index("ix_charge_contract_id_id", "contract_id", "id"),
        Index("ix_charge_account_id_id", "account_id", "id"),
        Index("ix_charge_employee_id_id", "employee_id", "id"),
    )

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    ticket_id: str = Field(sa_column=Column(IdType, nullable=False))
    account_id: str = Field(sa_column=Column(IdType, nullable=False))
    contract_id: str | None = Field(default=None, sa_column=Column(IdType))
    employee_id: str | None = Field(default=None, sa_column=Column(IdType))
    kind: str = Field(sa_column=Column(String(10), nullable=False))
    description: str = Field(default="", sa_column=Column(Text, nullable=False))
    minutes: int | None = Field(default=None, sa_column=Column(Integer))
    quantity: int = Field(default=1000, sa_column=Column(BigInteger, nullable=False))
    unit_price: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    amount: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    billable: bool = True
    performed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    created_by: str = Field(sa_column=Column(String(200), nullable=False))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
