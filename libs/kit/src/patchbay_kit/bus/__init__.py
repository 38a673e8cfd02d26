"""The bus: a port, its RabbitMQ adapter (alone importing aio-pika) and the embedded one."""

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
