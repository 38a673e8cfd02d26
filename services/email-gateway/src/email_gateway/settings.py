"""Settings of email-gateway."""

from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, model_validator

from patchbay_kit.settings import BaseServiceSettings, Environment, MailSecretKey
from patchbay_kit.targets import may_be_public


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
    support_address: str = Field(
        default="support@localhost",
        # What a From header and an envelope can carry, with room for a reply token.
        pattern=r"^[A-Za-z0-9!#$%&'*/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}$",
        description="the address that customers write to; all outgoing mail is from it",
    )
    allow_private_targets: bool = Field(
        default=False,
        description="allow mailboxes and a mail server in private networks; development always may",
    )
    mail_secret_key: MailSecretKey = None
    outgoing: Outgoing = Outgoing.SMTP
    smtp_host: str | None = Field(default=None, description="the server that takes outgoing mail")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_tls: str = Field(default="starttls", pattern="^(none|starttls|tls)$")
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout: float = Field(default=30.0, gt=0, le=300)
    smtp_connections: int = Field(
        default=4, ge=1, le=32, description="connections to the mail server at the same time"
    )
    mail_lease: float = Field(
        default=600.0,
        ge=15,
        description="seconds after which a sender that is silent counts as dead, and others send "
        "its mails; longer than the mail server may take for one",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.outgoing is Outgoing.SMTP and not self.smtp_host:
            raise ValueError("smtp_host must be set, or outgoing=catch to keep all mail here")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("smtp_password and smtp_username go together")
        if self.env is not Environment.DEVELOPMENT:
            self._refuse_unsafe_mail()
        return self

    def _refuse_unsafe_mail(self) -> None:
        if self.blob_dir is None:
            raise ValueError("blob_dir must be set: the originals of all mails are kept there")
        if self.outgoing is not Outgoing.SMTP:
            return
        if self.smtp_tls == "none" and self.smtp_username:
            raise ValueError("smtp_tls must not be none with a password outside development")
        if self.support_address.endswith("@localhost"):
            raise ValueError("support_address must be the address that customers write to")
        if not self.private_targets_allowed and not may_be_public(self.smtp_host or ""):
            raise ValueError("smtp_host is private; PATCHBAY_ALLOW_PRIVATE_TARGETS=true allows it")

    @property
    def private_targets_allowed(self) -> bool:
        """Whether hosts that are not public may be called."""
        return self.allow_private_targets or self.env is Environment.DEVELOPMENT
