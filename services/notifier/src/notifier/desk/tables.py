"""Read models of ticket-svc's tickets and assets."""

from typing import Any

from sqlalchemy import Column, String, Table, Text
from sqlmodel import Field

from notifier.tables import Base
from patchbay_kit.db import BigIntType, JsonType


class TicketView(Base, table=True):
    """The newest that TicketCreated and TicketUpdated said about a ticket."""

    __tablename__ = "ticket_view"

    ticket_id: str = Field(sa_column=Column(String(64), primary_key=True))
    number: str = Field(sa_column=Column(String(20), nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    account_name: str = Field(sa_column=Column(Text, nullable=False))
    priority: str = Field(sa_column=Column(String(50), nullable=False))
    asset_id: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    manager: dict[str, Any] | None = Field(default=None, sa_column=Column(JsonType, nullable=True))
    version: int = Field(sa_column=Column(BigIntType, nullable=False))


class AssetView(Base, table=True):
    """Names of assets."""

    __tablename__ = "asset_view"

    asset_id: str = Field(sa_column=Column(String(64), primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False))


TICKET: Table = Base.metadata.tables["ticket_view"]
ASSET: Table = Base.metadata.tables["asset_view"]
