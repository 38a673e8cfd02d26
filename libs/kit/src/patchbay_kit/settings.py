"""Settings shared by all services, read from the environment.

Unsafe values stop the start outside development, with one line that names the setting.
"""

from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from patchbay_kit.errors import ConfigurationError


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


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
    public_url: str = Field(
        default="http://127.0.0.1:8080", description="how people reach the hub; used in links"
    )
    log_level: str = "INFO"
    log_format: str = Field(default="json", pattern="^(json|text)$")
    shutdown_grace: float = Field(
        default=20.0, gt=0, description="seconds that loops and requests have after SIGTERM"
    )
    batch_size: int = Field(default=100, ge=1, le=1000)
    relay_concurrency: int = Field(default=2, ge=1, le=8)

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.env is Environment.DEVELOPMENT:
            return self
        if self.secret_key is None or len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("secret_key must be set to at least 32 characters outside development")
        if "guest:guest@" in self.bus_url:
            raise ValueError(
                "bus_url uses the broker's default password; refused outside development"
            )
        return self


S = TypeVar("S", bound=BaseServiceSettings)


def load_settings(cls: type[S], **overrides: Any) -> S:
    """Read the settings; ConfigurationError with one line that names what is wrong, never the value
    of a secret.
    """
    try:
        return cls(**overrides)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = (
            str(first["loc"][0])
            if first["loc"]
            else first["msg"].removeprefix("Value error, ").split(" ", 1)[0]
        )
        raise ConfigurationError(
            f"PATCHBAY_{name.upper()}: {first['msg'].removeprefix('Value error, ')}"
        ) from None
