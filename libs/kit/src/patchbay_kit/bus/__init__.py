"""The bus: a port, its RabbitMQ adapter (the only importer of aio-pika) and its embedded adapter."""

from patchbay_kit.bus.port import (
    DELAY_STEPS,
    Bus,
    BusHealth,
    BusSubscription,
    BusUnavailable,
    Delivery,
    OutgoingMessage,
    PublishOutcome,
    QueueDepth,
    dead_letter_queue,
)

__all__ = [
    "DELAY_STEPS",
    "Bus",
    "BusHealth",
    "BusSubscription",
    "BusUnavailable",
    "Delivery",
    "OutgoingMessage",
    "PublishOutcome",
    "QueueDepth",
    "dead_letter_queue",
]
