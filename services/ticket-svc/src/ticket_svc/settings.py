"""Settings of ticket-svc."""

from datetime import timedelta

from pydantic import Field, SecretStr

from patchbay_kit.settings import BaseServiceSettings, Environment


class TicketSettings(BaseServiceSettings):
    """The first administrator is made from these, or generated and shown once."""

    admin_email: str | None = Field(default=None, max_length=320)
    admin_password: SecretStr | None = None
    company_name: str = Field(default="Own company", max_length=300)
    support_address: str = Field(default="support@localhost", max_length=320)
    document_max_bytes: int = Field(default=25_000_000, ge=1, le=1_000_000_000)
    token_hours: int | None = Field(
        default=None, ge=1, le=12, description="default: 1, and 12 in development"
    )

    @property
    def token_ttl(self) -> timedelta:
        """How long a token lives; it is refreshed until twelve hours after signing in."""
        by_default = 12 if self.env is Environment.DEVELOPMENT else 1
        return timedelta(hours=self.token_hours or by_default)
