"""What `patchbay run` was asked for, and the installation's files that follow from it."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from patchbay_kit.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`data` is kept across restarts; ports 0 take free ones."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    smtp_port: int = 2525
    simulator_port: int = 0
    demo: bool = False

    def database_url(self, service: str) -> str:
        return f"sqlite+aiosqlite:///{self.data / (service + '.db')}"

    @property
    def bus_url(self) -> str:
        return f"embedded:///{self.data / 'bus.db'}"


def installation_key(data: Path) -> str:
    """The key that encrypts stored secrets:

    PATCHBAY_SECRET_KEY, or made once and kept in the data folder for this user only.
    """
    from_environment = os.environ.get("PATCHBAY_SECRET_KEY")
    if from_environment:
        return from_environment
    path = data / "secret.key"
    if not path.exists():
        # Written whole or not at all: a half-written key would lock the stored secrets for ever.
        temporary = path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    key = path.read_text().strip()
    if len(key) < 32:
        raise ConfigurationError(f"PATCHBAY_SECRET_KEY: {path} holds no usable key")
    return key
