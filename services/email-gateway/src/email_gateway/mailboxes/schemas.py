"""Bodies of the mailbox routes. A password is in requests only."""

from datetime import datetime
from typing import Literal

from pydantic import Field, SecretStr

from patchbay_kit.http import RequestModel, ResponseModel

Security = Literal["tls", "starttls", "none"]


class MailboxCreate(RequestModel):
    name: str = Field(min_length=1, max_length=200, examples=["Support"])
    public_address: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)
    host: str = Field(min_length=1, max_length=255, examples=["imap.example.com"])
    port: int = Field(default=993, ge=1, le=65535)
    security: Security = "tls"
    username: str = Field(min_length=1, max_length=320)
    password: SecretStr = Field(min_length=1, max_length=4096)
    folder: str = Field(default="INBOX", min_length=1, max_length=255)
    active: bool = True
    poll_seconds: int = Field(default=30, ge=1, le=3600)


class MailboxChange(RequestModel):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    host: str | None = Field(default=None, min_length=1, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Security | None = None
    username: str | None = Field(default=None, min_length=1, max_length=320)
    password: SecretStr | None = Field(default=None, min_length=1, max_length=4096)
    folder: str | None = Field(default=None, min_length=1, max_length=255)
    active: bool | None = None
    poll_seconds: int | None = Field(default=None, ge=1, le=3600)


class MailboxView(ResponseModel):
    id: str
    name: str
    public_address: str
    host: str
    port: int
    security: str
    username: str
    folder: str
    active: bool
    poll_seconds: int
    state: str = Field(description="new, reachable, degraded, or refused until it is changed")
    last_error: str | None
    last_success_at: datetime | None
    uidvalidity: int | None
    last_uid: int
    version: int
    created_at: datetime
