"""Read models of ticket-svc's accounts and assets."""

from sqlalchemy import Column, String, Table, Text
from sqlmodel import Field

from link_svc.tables import Base
from patchbay_kit.db import BigIntType, IdType


class Account(Base, table=True):
    """An account as links and lists need it; `version` is the aggregate's."""

    __tablename__ = "account"

    account_id: str = Field(sa_column=Column(String(64), primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    auto_created: bool
    version: int = Field(sa_column=Column(BigIntType, nullable=False))


class Asset(Base, table=True):
    """An asset as links and lists need it."""

    __tablename__ = "asset"

    asset_id: str = Field(sa_column=Column(String(64), primary_key=True))
    account_id: str = Field(sa_column=Column(String(64), nullable=False, index=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    serial_number: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    version: int = Field(sa_column=Column(BigIntType, nullable=False))


class AccountMerge(Base, table=True):
    """Into which account another one went; without `into_id` the merge was undone."""

    __tablename__ = "account_merge"

    account_id: str = Field(sa_column=Column(IdType, primary_key=True))
    into_id: str | None = Field(default=None, sa_column=Column(IdType, nullable=True))
    version: int = Field(sa_column=Column(BigIntType, nullable=False))


ACCOUNT: Table = Base.metadata.tables["account"]
ASSET: Table = Base.metadata.tables["asset"]
ACCOUNT_MERGE: Table = Base.metadata.tables["account_merge"]
