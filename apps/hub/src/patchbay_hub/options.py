"""What `patchbay run` was asked for, and the installation's files that follow from it."""

import os
import secrets
import socket
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


def check_ports(options: RunOptions) -> None:
    """ConfigurationError where a wanted port cannot be listened on: one line now instead of five
    services half started.
    """
    wanted = {"--port": options.port, "--smtp-port": options.smtp_port}
    for option, port in wanted.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((options.host, port))
            except OSError as error:
                place = f"{options.host}:{port}"
                raise ConfigurationError(f"{option}: {place}: {error.strerror}") from None
            except OverflowError:
                raise ConfigurationError(f"{option}: {port} is no port") from None


def prepare_data(data: Path) -> str:
    """Make the data folder where it is missing; returns the installation's key.

    ConfigurationError where the folder cannot be used.
    """
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        return installation_key(data)
    except OSError as error:
        raise ConfigurationError(f"--data: {error.filename}: {error.strerror}") from None


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
        _sync_folder(data)
    key = path.read_text().strip()
    if len(key) < 32:
        raise ConfigurationError(f"PATCHBAY_SECRET_KEY: {path} holds no usable key")
    return key


def _sync_folder(folder: Path) -> None:
    """The name of a new file is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
