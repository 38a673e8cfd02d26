"""Settings of ticket-svc."""

import json
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from patchbay_kit.settings import BaseServiceSettings, Environment, MailSecretKey


class TicketSettings(BaseServiceSettings):
    """The first administrator is made from these, or generated and shown once."""

    admin_email: str | None = Field(default=None, max_length=320)
    admin_password: SecretStr | None = None
    company_name: str = Field(default="Own company", max_length=300)
    support_address: str = Field(default="support@localhost", max_length=320)
    document_max_bytes: int = Field(default=25_000_000, ge=1, le=1_000_000_000)
    mail_secret_key: MailSecretKey = None
    sign_in_failures: int = Field(
        default=100,
        ge=0,
        le=1_000_000,
        description="failures to sign in from one client address in a quarter of an hour before "
        "it has to wait; 0: no limit",
    )
    token_hours: int | None = Field(
        default=None, ge=1, le=12, description="default: 1, and 12 in development"
    )

    oidc_issuer: str | None = Field(
        default=None, description="an external OpenID Connect provider, exactly as it names itself"
    )
    oidc_client_id: str | None = Field(
        default=None, description="the audience that its tokens must be made for"
    )
    oidc_groups_claim: str = Field(default="groups", min_length=1, max_length=200)
    oidc_groups: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description="privilege groups by the provider's groups, as JSON: they follow what it says",
    )
    allow_private_targets: bool = Field(
        default=False,
        description="let the provider be in a private network; always allowed in development",
    )

    @field_validator("oidc_groups", mode="before")
    @classmethod
    def _json_or_nothing(cls, value: Any) -> Any:
        """Deployments pass on what is not set as an empty text."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value or "{}")
        except ValueError:
            raise ValueError("must be written as JSON") from None

    @field_validator("oidc_issuer", "oidc_client_id", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Self:
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError("oidc_issuer and oidc_client_id go together")
        secure = self.env is Environment.DEVELOPMENT or (self.oidc_issuer or "https://").startswith(
            "https://"
        )
        if not secure:
            raise ValueError("oidc_issuer must begin with https:// outside development")
        return self

    @property
    def private_targets_allowed(self) -> bool:
        """Whether addresses that are not public may be called."""
        return self.allow_private_targets or self.env is Environment.DEVELOPMENT

    @property
    def token_ttl(self) -> timedelta:
        """How long a token lives; it is refreshed until twelve hours after signing in."""
        by_default = 12 if self.env is Environment.DEVELOPMENT else 1
        return timedelta(hours=self.token_hours or by_default)
