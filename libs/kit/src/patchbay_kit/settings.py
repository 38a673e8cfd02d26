"""Settings shared by all services, read from the environment.

Unsafe values stop the start outside development, with one line that names the setting.
"""

import re
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from patchbay_kit.errors import ConfigurationError


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


def _usable_mail_key(value: SecretStr | None) -> SecretStr | None:
    """Deployments pass on what is not set as an empty text."""
    if value is None or not value.get_secret_value():
        return None
    if len(value.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters")
    return value


MailSecretKey = Annotated[
    SecretStr | None,
    AfterValidator(_usable_mail_key),
    Field(
        description="the same for ticket-svc and email-gateway; seals links to choose a password "
        "on their way into a mail. Without it they are not mailed"
    ),
]


def _networks(value: Any) -> Any:
    """Deployments pass on what is not set as an empty text."""
    if not isinstance(value, str):
        return value
    return [each.strip() for each in value.split(",") if each.strip()]


def _check_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        try:
            ip_network(each)
        except ValueError:
            raise ValueError(f"{each!r} is no address and no network") from None
    return value


TrustedProxies = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(_networks),
    AfterValidator(_check_networks),
    Field(
        description="addresses and networks, with commas, of the proxies in front of us: only what "
        "they say in X-Forwarded-For and X-Forwarded-Proto is believed"
    ),
]


class BaseServiceSettings(BaseSettings):
    """Every service has these. Names in the environment: PATCHBAY_ + the field in capitals."""

    model_config = SettingsConfigDict(env_prefix="PATCHBAY_", extra="ignore", secrets_dir=None)

    env: Environment = Environment.PRODUCTION
    database_url: str = Field(
        description="postgresql+asyncpg://… or sqlite+aiosqlite:///file; one database per service"
    )
    database_pool: int = Field(default=8, ge=2, le=100)
    bus_url: str = Field(description="amqp://… or embedded:///file")
    blob_dir: Path | None = Field(default=None, description="folder for originals and attachments")
    secret_key: SecretStr | None = Field(
        default=None,
        description="at least 32 characters; encrypts stored secrets and signs reply tokens",
    )
    jwks_url: str | None = Field(
        default=None,
        description="where the issuer's public keys are read; ticket-svc does not need it",
    )
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    trusted_proxies: TrustedProxies = ()
    public_url: str = Field(
        default="http://127.0.0.1:8080", description="how people reach the hub; used in links"
    )
    log_level: str = Field(default="INFO", pattern="(?i)^(debug|info|warning|error|critical)$")
    log_format: str = Field(default="json", pattern="^(json|text)$")
    shutdown_grace: float = Field(
        default=20.0,
        gt=0,
        le=3600,
        description="seconds that loops and requests have after SIGTERM",
    )
    batch_size: int = Field(default=100, ge=1, le=1000)
    relay_concurrency: int = Field(default=2, ge=1, le=8)

    @field_validator("bus_url", "database_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        try:
            # Reading the port is what checks it.
            _ = urlsplit(value).port
        except ValueError:
            raise ValueError(
                "is not an address; characters like / or @ in it need %-codes"
            ) from None
        return value

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.env is Environment.DEVELOPMENT:
            return self
        if self.secret_key is None or len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("secret_key must be set to at least 32 characters outside development")
        if _has_default_password(self.bus_url, default_user="guest"):
            raise ValueError("bus_url has the broker's default password, or the user's name as one")
        if _has_default_password(self.database_url):
            raise ValueError("database_url has the user's name as the password")
        return self


def _has_default_password(url: str, default_user: str | None = None) -> bool:
    """A broker's client without a name and password takes guest and guest."""
    parts = urlsplit(url)
    if parts.hostname is None:
        return False
    if not parts.username:
        return default_user is not None
    password = unquote(parts.password or (default_user or ""))
    return bool(password) and password in (unquote(parts.username), default_user)


S = TypeVar("S", bound=BaseServiceSettings)


def load_settings(cls: type[S], **overrides: Any) -> S:
    """Read the settings; ConfigurationError with one line that names what is wrong, never the value
    of a secret.
    """
    try:
        return cls(**overrides)
    except SettingsError as error:
        found = re.search(r'field "(\w+)"', str(error))
        name = found.group(1) if found else "settings"
        raise ConfigurationError(f"PATCHBAY_{name.upper()}: must be written as JSON") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        text = first["msg"].removeprefix("Value error, ")
        name = str(first["loc"][0]) if first["loc"] else text.split(" ", 1)[0]
        raise ConfigurationError(f"PATCHBAY_{name.upper()}: {text}") from None
