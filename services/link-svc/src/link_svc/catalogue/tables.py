"""Sites and devices as remote systems list them, and how far their snapshots have come.

A record is gone when its snapshot is older than the newest complete one, so "gone" is computed
and never stored: it is the same whatever order the parts came in.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text
from sqlmodel import Field

from link_svc.tables import Base
from patchbay_kit.db import BigIntType, JsonType, UtcDateTime

# Below every snapshot number.
NO_SNAPSHOT = -1


class CatalogueState(Base, table=True):
    """The newest snapshot of one inventory of which all parts have come."""

    __tablename__ = "catalogue_state"

    connection_id: str = Field(sa_column=Column(String(64), primary_key=True))
    kind: str = Field(sa_column=Column(String(10), primary_key=True))
    provider: str = Field(sa_column=Column(String(50), nullable=False))
    complete_snapshot: int = Field(sa_column=Column(BigIntType, nullable=False))
    complete_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class CataloguePart(Base, table=True):
    """A part that has come of a snapshot newer than the complete one."""

    __tablename__ = "catalogue_part"

    connection_id: str = Field(sa_column=Column(String(64), primary_key=True))
    kind: str = Field(sa_column=Column(String(10), primary_key=True))
    snapshot: int = Field(sa_column=Column(BigIntType, primary_key=True, autoincrement=False))
    part: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    parts: int = Field(sa_column=Column(Integer, nullable=False))
    taken_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class CatalogueSite(Base, table=True):
    """A remote site; `snapshot` is the newest one that had it."""

    __tablename__ = "catalogue_site"
    __table_args__ = (
        Index("ix_catalogue_site_name", "name_key", "connection_id", "remote_site_id"),
    )

    connection_id: str = Field(sa_column=Column(String(64), primary_key=True))
    remote_site_id: str = Field(sa_column=Column(Text, primary_key=True))
    provider: str = Field(sa_column=Column(String(50), nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    name_key: str = Field(sa_column=Column(Text, nullable=False))
    attributes: dict[str, Any] = Field(sa_column=Column(JsonType, nullable=False))
    snapshot: int = Field(sa_column=Column(BigIntType, nullable=False))
    part: int = Field(sa_column=Column(Integer, nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class CatalogueDevice(Base, table=True):
    """A remote device; `snapshot` is the newest one that had it."""

    __tablename__ = "catalogue_device"
    __table_args__ = (
        Index("ix_catalogue_device_name", "name_key", "connection_id", "remote_device_id"),
        Index("ix_catalogue_device_site", "connection_id", "remote_site_id"),
    )

    connection_id: str = Field(sa_column=Column(String(64), primary_key=True))
    remote_device_id: str = Field(sa_column=Column(Text, primary_key=True))
    remote_site_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    provider: str = Field(sa_column=Column(String(50), nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    name_key: str = Field(sa_column=Column(Text, nullable=False))
    serial_number: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    manufacturer: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    model: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    attributes: dict[str, Any] = Field(sa_column=Column(JsonType, nullable=False))
    snapshot: int = Field(sa_column=Column(BigIntType, nullable=False))
    part: int = Field(sa_column=Column(Integer, nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


STATE: Table = Base.metadata.tables["catalogue_state"]
PART: Table = Base.metadata.tables["catalogue_part"]
SITE: Table = Base.metadata.tables["catalogue_site"]
DEVICE: Table = Base.metadata.tables["catalogue_device"]
