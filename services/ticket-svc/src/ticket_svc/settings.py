"""Settings of ticket-svc."""

from pydantic import Field, SecretStr

from patchbay_kit.settings import BaseServiceSettings


class TicketSettings(BaseServiceSettings):
    """The first administrator is made from these, or generated and shown once."""

    admin_email: str | None = Field(default=None, max_length=320)
    admin_password: SecretStr | None = None
    company_name: str = Field(default="Own company", max_length=300)
    support_address: str = Field(default="support@localhost", max_length=320)
