"""Publishing with confirms. CONFIRMED only after the broker's ack of a persistent message."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import DeliveryError, PublishError

from patchbay_kit.bus.port import OutgoingMessage, PublishOutcome
from patchbay_kit.bus.rabbitmq.guard import cancelled_by_us
from patchbay_kit.bus.rabbitmq.link import Link

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CONTENT_TYPE = "application/cloudevents+json"
ATTEMPT_HEADER = "x-attempt"
# Confirms that may be outstanding at once; more only makes the last ones wait for the first.
_IN_FLIGHT = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """One message as it goes over the wire."""

    exchange: str
    routing_key: str
    event_id: str
    event_type: str
    body: bytes
    attempt: int = 1
    mandatory: bool = True


class Publisher:
    """Has the connection for publishing and one channel in confirm mode on it."""

    def __init__(
        self,
        url: str,
        name: str,
        exchange: str,
        declare: "Callable[[AbstractConnection], Awaitable[None]]",
        *,
        publish_timeout: float,
        connect_timeout: float,
    ) -> None:
        self.link = Link(url, name, self._prepare, connect_timeout=connect_timeout)
        self._exchange = exchange
        self._declare = declare
        self._timeout = publish_timeout
        self._channel: AbstractChannel | None = None
        self.stalled = False

    async def publish(self, messages: Sequence[OutgoingMessage]) -> list[PublishOutcome]:
        """One outcome per message."""
        outcomes: list[PublishOutcome] = []
        for start in range(0, len(messages), _IN_FLIGHT):
            wanted = [self._wanted(m) for m in messages[start : start + _IN_FLIGHT]]
            outcomes += await self._publish_chunk(wanted)
        return outcomes

    async def publish_one(self, wanted: Wanted) -> PublishOutcome:
        """The same for a message to an exchange of the caller's choice."""
        return (await self._publish_chunk([wanted]))[0]

    def _wanted(self, message: OutgoingMessage) -> Wanted:
        direct = message.queue is not None
        return Wanted(
            exchange="" if direct else self._exchange,
            routing_key=message.queue or message.routing_key,
            event_id=message.event_id,
            event_type=message.routing_key,
            body=message.body,
            mandatory=message.mandatory,
        )

    async def _publish_chunk(self, wanted: Sequence[Wanted]) -> list[PublishOutcome]:
        if not self.link.is_up or (channel := self._channel) is None:
            return [PublishOutcome.UNKNOWN] * len(wanted)
        outcomes = [PublishOutcome.UNKNOWN] * len(wanted)
        for wave in _waves(wanted):
            results = await asyncio.gather(*(self._publish_on(channel, wanted[i]) for i in wave))
            for index, outcome in zip(wave, results, strict=True):
                outcomes[index] = outcome
        return outcomes

    async def _publish_on(self, channel: AbstractChannel, wanted: Wanted) -> PublishOutcome:
        try:
            await self._send(channel, wanted)
        except PublishError:
            outcome = PublishOutcome.UNROUTABLE
        except DeliveryError:
            outcome = PublishOutcome.REFUSED
        except TimeoutError:
            self.stalled = True
            return PublishOutcome.UNKNOWN
        except asyncio.CancelledError:
            if cancelled_by_us():
                raise
            return PublishOutcome.UNKNOWN
        except Exception:  # noqa: BLE001 - see guard: anything may end a pending confirm
            return PublishOutcome.UNKNOWN
        else:
            outcome = PublishOutcome.CONFIRMED
        self.stalled = False
        return outcome

    async def _send(self, channel: AbstractChannel, wanted: Wanted) -> None:
        message = Message(
            b"",
            message_id=wanted.event_id,
            content_type=CONTENT_TYPE,
            type=wanted.event_type,
            delivery_mode=DeliveryMode.PERSISTENT,
            headers={ATTEMPT_HEADER: wanted.attempt},
        )
        wire = await channel.get_underlay_channel()
        # Without `wait` the confirm is awaited, but not the socket's buffer as well: a quarter of
        # the time. aiormq has the parameter on its channel, not on the abstract one.
        await wire.basic_publish(  # type: ignore[call-arg]
            wanted.body,
            exchange=wanted.exchange,
            routing_key=wanted.routing_key,
            properties=message.properties,
            mandatory=wanted.mandatory,
            timeout=self._timeout,
            wait=False,
        )

    async def _prepare(self, connection: AbstractConnection) -> None:
        await self._declare(connection)
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        wire = await channel.get_underlay_channel()
        wire.closing.add_done_callback(lambda _: self._channel_closed(channel))
        self._channel, self.stalled = channel, False

    def _channel_closed(self, channel: AbstractChannel) -> None:
        if channel is self._channel:
            self._channel = None
            self.link.lose("the publishing channel was closed")


def _waves(wanted: Sequence[Wanted]) -> Iterable[Sequence[int]]:
    """Positions that may be in flight together: aiormq finds a returned message by its id."""
    waves: list[list[int]] = []
    times_seen: Counter[str] = Counter()
    for index, one in enumerate(wanted):
        number = times_seen[one.event_id]
        times_seen[one.event_id] += 1
        if number == len(waves):
            waves.append([])
        waves[number].append(index)
    return waves
