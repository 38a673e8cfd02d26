"""The bus on RabbitMQ 3.10 to 4.3."""

from patchbay_kit.bus.rabbitmq.bus import RabbitBus

__all__ = ["RabbitBus"]
