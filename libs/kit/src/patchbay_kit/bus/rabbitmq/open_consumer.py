"""One life of a consumer's channel. Its delivery tags mean nothing to the next one."""

import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from aio_pika.abc import AbstractChannel

from patchbay_kit.bus.port import Delivery
from patchbay_kit.bus.rabbitmq.publisher import ATTEMPT_HEADER


class WireMessage(Protocol):
    """What aiormq hands to a callback."""

    @property
    def body(self) -> bytes: ...
    @property
    def header(self) -> Any: ...
    @property
    def delivery_tag(self) -> int | None: ...
    @property
    def redelivered(self) -> bool | None: ...
    @property
    def routing_key(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Token:
    """Which delivery of which channel."""

    consumer: "OpenConsumer"
    tag: int


class OpenConsumer:
    """What arrived, what of it was not received yet, and what the broker wants an ack for."""

    def __init__(self, channel: AbstractChannel, queue: str, wake: asyncio.Event) -> None:
        self.channel = channel
        self.waiting: deque[Delivery] = deque()
        self.unacked: dict[int, None] = {}  # in order of arrival: tags only rise
        self.ended = asyncio.Event()
        self._queue = queue
        self._wake = wake

    async def keep(self, message: Any) -> None:
        """The consumer callback: no work here, or the channel would stand still meanwhile."""
        self._keep(message)

    def _keep(self, message: WireMessage) -> None:
        tag = message.delivery_tag
        if tag is None:
            return
        properties = message.header.properties
        self.unacked[tag] = None
        self.waiting.append(
            Delivery(
                event_id=properties.message_id or "",
                routing_key=properties.message_type or message.routing_key or "",
                body=message.body,
                attempt=_attempt(properties.headers),
                queue=self._queue,
                redelivered=bool(message.redelivered),
                token=Token(self, tag),
            )
        )
        self._wake.set()

    def owns(self, delivery: Delivery) -> bool:
        """Is an ack for it still due on this channel?"""
        token = delivery.token
        return isinstance(token, Token) and token.consumer is self and token.tag in self.unacked

    async def ack(self, tags: Collection[int]) -> None:
        """One frame for the oldest ones in an unbroken row, one each for the rest."""
        wire = await self.channel.get_underlay_channel()
        row = []
        for tag in self.unacked:
            if tag not in tags:
                break
            row.append(tag)
        rest = [tag for tag in tags if tag > row[-1]] if row else list(tags)
        for tag in tags:
            self.unacked.pop(tag, None)
        if row:
            await wire.basic_ack(row[-1], multiple=len(row) > 1, wait=False)
        for tag in rest:
            await wire.basic_ack(tag, wait=False)

    async def reject_all(self) -> None:
        """Give everything back: reject, because a nack may not count as a delivery."""
        wire = await self.channel.get_underlay_channel()
        tags = list(self.unacked)
        self.forget()
        for tag in tags:
            await wire.basic_reject(tag, requeue=True, wait=False)

    def forget(self) -> None:
        """The channel is gone: what it delivered comes again elsewhere."""
        self.waiting.clear()
        self.unacked.clear()


def _attempt(headers: dict[str, Any] | None) -> int:
    attempt = (headers or {}).get(ATTEMPT_HEADER, 1)
    return attempt if isinstance(attempt, int) and attempt > 0 else 1
