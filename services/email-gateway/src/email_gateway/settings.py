"""Settings of email-gateway."""

from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, model_validator

from patchbay_kit.settings import BaseServiceSettings, Environment


class Outgoing(StrEnum):
    """How mail leaves: over SMTP, or caught and only readable over HTTP (demo, staging)."""

    SMTP = "smtp"
    CATCH = "catch"


class EmailSettings(BaseServiceSettings):
    """Mail in by SMTP or LMTP, and mail out. Mailboxes are records, not settings."""

    smtp_listen_host: str = "127.0.0.1"
    smtp_listen_port: int | None = Field(
        default=None, ge=0, le=65535, description="mail in; unset: no port is opened, 0: a free one"
    )
    smtp_listen_protocol: str = Field(default="smtp", pattern="^(smtp|lmtp)$")
    mail_max_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    authserv_id: str | None = Field(
        default=None, description="the host whose Authentication-Results we trust (RFC 8601)"
    )
    support_address: str = Field(default="support@localhost", max_length=320)
    internal_addresses: list[str] = Field(default_factory=list)
    outgoing: Outgoing = Outgoing.SMTP
    smtp_host: str | None = Field(default=None, description="the server that takes outgoing mail")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_tls: str = Field(default="starttls", pattern="^(none|starttls|tls)$")
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout: float = Field(default=30.0, gt=0, le=300)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.outgoing is Outgoing.SMTP and not self.smtp_host:
            raise ValueError("smtp_host must be set, or outgoing=catch to keep all mail here")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("smtp_password and smtp_username go together")
        production = self.env is not Environment.DEVELOPMENT
        if production and self.smtp_tls == "none" and self.smtp_username:
            raise ValueError("smtp_tls must not be none with a password outside development")
        return self
