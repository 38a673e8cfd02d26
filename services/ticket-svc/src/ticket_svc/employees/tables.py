"""Employees of the MSP, and their privilege groups."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, String
from sqlmodel import Field

from patchbay_kit.db import IdType, JsonType, UtcDateTime
from ticket_svc.base import Base


class Employee(Base, table=True):
    """One person of the desk. Addresses are stored in lower case.

    An address names an employee only while exactly one active employee has it (S2-107, S4-08).
    `one_time` marks the first administrator's generated password until its first use.
    """

    __tablename__ = "employee"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    name: str = Field(sa_column=Column(String(200), nullable=False))
    email1: str | None = Field(default=None, sa_column=Column(String(320), index=True))
    email2: str | None = Field(default=None, sa_column=Column(String(320), index=True))
    active: bool = True
    receives_all_mail: bool = False
    permissions: list[Any] = Field(default_factory=list, sa_column=Column(JsonType, nullable=False))
    password_hash: str | None = Field(default=None, sa_column=Column(String(300)))
    one_time: bool = False
    phone: str | None = Field(default=None, sa_column=Column(String(50)))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class PrivilegeGroup(Base, table=True):
    """Permissions that its members hold beside their own."""

    __tablename__ = "privilege_group"

    id: str = Field(sa_column=Column(IdType, primary_key=True))
    name: str = Field(sa_column=Column(String(200), nullable=False, unique=True))
    permissions: list[Any] = Field(default_factory=list, sa_column=Column(JsonType, nullable=False))
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class PrivilegeGroupMember(Base, table=True):
    """An employee in a group."""

    __tablename__ = "privilege_group_member"

    group_id: str = Field(sa_column=Column(IdType, primary_key=True))
    employee_id: str = Field(sa_column=Column(IdType, primary_key=True, index=True))
