"""The bus that a URL names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from patchbay_kit.bus.port import Bus, Topology
from patchbay_kit.errors import ConfigurationError


def create_bus(url: str, topology: Topology, service: str) -> Bus:
    """amqp:// and amqps:// are RabbitMQ, embedded:///absolute/file is a file of this process.

    `service` names the connections at the broker. ConfigurationError for anything else.
    """
    parts = urlsplit(url)
    if parts.scheme == "embedded":
        path = unquote(parts.path).lstrip("/")
        if parts.netloc or not path:
            raise ConfigurationError("PATCHBAY_BUS_URL: write embedded:///absolute/path/of/file")
        # One of the two adapters, with SQLite or aio-pika below it, is all that a process needs.
        from patchbay_kit.bus.embedded import EmbeddedBus

        return EmbeddedBus(Path("/") / path, topology)
    if parts.scheme in ("amqp", "amqps"):
        if not parts.hostname:
            raise ConfigurationError("PATCHBAY_BUS_URL: write amqp://user:password@host/vhost")
        from patchbay_kit.bus.rabbitmq import RabbitBus

        return RabbitBus(url, topology, service=service)
    raise ConfigurationError("PATCHBAY_BUS_URL: must start with amqp://, amqps:// or embedded:///")
