"""What link-svc told us.

A row without account or asset is a tombstone: it keeps the version of the unlinking.
"""

from sqlalchemy import BigInteger, Column, String
from sqlmodel import Field

from patchbay_kit.db import IdType
from ticket_svc.base import Base


class SiteLinkView(Base, table=True):
    __tablename__ = "site_link_view"

    connection_id: str = Field(sa_column=Column(String(64), primary_key=True))
    remote_site_id: str = Field(sa_column=Column(String(200), primary_key=True))
    account_id: str | None = Field(default=None, sa_column=Column(IdType))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))


class DeviceLinkView(Base, table=True):
    __tablename__ = "device_link_view"

    connection_id: str = Field(sa_column=Column(String(64), primary_key=True))
    remote_device_id: str = Field(sa_column=Column(String(200), primary_key=True))
    asset_id: str | None = Field(default=None, sa_column=Column(IdType))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
