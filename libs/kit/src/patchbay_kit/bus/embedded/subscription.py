"""One consumer of one queue of the embedded bus."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

from patchbay_kit.bus.embedded.engine import Engine
from patchbay_kit.bus.embedded.store import Row
from patchbay_kit.bus.embedded.writer import WriterClosedError
from patchbay_kit.bus.port import BusUnavailable, Delivery


class EmbeddedSubscription:
    """Hands out at most `prefetch` unsettled messages. See BusSubscription for the promises."""

    def __init__(
        self,
        engine: Engine,
        queue: str,
        prefetch: int,
        on_close: Callable[["EmbeddedSubscription"], None],
    ) -> None:
        self._engine = engine
        self._state = engine.queue(queue)
        self._prefetch = prefetch
        self._on_close = on_close
        self._unsettled: dict[int, Row] = {}
        self._wake = asyncio.Event()
        self._closed = False
        self._state.waiters.add(self._wake)

    async def receive(self, max_messages: int, timeout: float) -> Sequence[Delivery]:
        """What is waiting, at most `max_messages`; empty after `timeout` seconds or at the end."""
        if self._closed:
            raise BusUnavailable("the subscription is closed")
        deadline = asyncio.get_running_loop().time() + timeout
        while not self._closed:
            self._wake.clear()
            rows = self._state.take(min(max_messages, self._prefetch - len(self._unsettled)))
            self._engine.load_if_needed(self._state)
            if rows:
                return self._hand_out(rows)
            try:
                async with asyncio.timeout_at(deadline):
                    await self._wake.wait()
            except TimeoutError:
                break
        return []

    async def done(self, deliveries: Sequence[Delivery]) -> None:
        """Settle for good; BusUnavailable if the file cannot be written, then they come again."""
        ids = [d.token for d in deliveries if d.token in self._unsettled]
        if ids:
            await _written(lambda: self._engine.settle(ids))
            self._forget(ids)

    async def retry_later(self, delivery: Delivery, *, delay_step: int) -> None:
        """Wait in the file; BusUnavailable if that cannot be promised."""
        row = self._unsettled.get(delivery.token)
        if row is None:
            raise BusUnavailable("the message was handed back meanwhile; it comes again")
        await _written(lambda: self._engine.delay(row, delay_step))
        self._forget([row.id])

    async def close(self) -> None:
        """Hand back everything not settled."""
        if self._closed:
            return
        self._closed = True
        self._state.waiters.discard(self._wake)
        self._wake.set()
        rows = list(self._unsettled.values())
        self._forget([row.id for row in rows])
        if rows:
            self._engine.hand_back(self._state, rows)
        self._on_close(self)

    def _hand_out(self, rows: list[Row]) -> list[Delivery]:
        for row in rows:
            self._unsettled[row.id] = row
        self._engine.mark_in_flight([row.id for row in rows])
        return [
            Delivery(
                event_id=row.event_id,
                routing_key=row.routing_key,
                body=row.body,
                attempt=row.attempt,
                queue=row.queue,
                redelivered=row.returned or row.deliveries > 0,
                token=row.id,
            )
            for row in rows
        ]

    def _forget(self, ids: Sequence[int]) -> None:
        """Not in flight any more: room for others."""
        self._state.unacked -= sum(1 for i in ids if self._unsettled.pop(i, None) is not None)
        self._wake.set()


async def _written(submit: "Callable[[], asyncio.Future[None]]") -> None:
    try:
        await submit()
    except (sqlite3.Error, WriterClosedError) as error:
        raise BusUnavailable(f"the bus file cannot be written: {error}") from error
