"""How a batch of deliveries becomes effects: the heart of the delivery promise.

Exactly once in effect: inbox rows and effects share one transaction, and the bus is told only after
the commit. One transaction for the whole batch; when it fails, one for each event, so that a poison
message hurts nobody else. What cannot be mended is parked in `dead_letter` before it is settled.
While the database is away nothing is settled and no attempt is used up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from patchbay_contracts import Envelope, UnknownEventError, decode
from patchbay_kit.bus import DELAY_STEPS, Delivery
from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.errors import PermanentError
from patchbay_kit.messaging import Handler
from patchbay_kit.messaging.dead_letters import Parked, park
from patchbay_kit.messaging.inbox import claim_new

log = structlog.get_logger(__name__)

# The first delivery and one after each delay step.
MAX_ATTEMPTS = len(DELAY_STEPS) + 1
_RETRIED_AT_ONCE = {"40001", "40P01", "55P03"}


class DatabaseAwayError(Exception):
    """The database does not answer; the batch is to be tried again as it is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the bus is told: `retry_step` indexes DELAY_STEPS, None means settled for good."""

    delivery: Delivery
    retry_step: int | None = None


@dataclass(slots=True)
class BatchProcessor:
    """Processes deliveries of one queue with the handlers of one service."""

    db: Database
    queue: str
    handlers: Mapping[str, Handler]

    async def process(self, deliveries: Sequence[Delivery]) -> list[Verdict]:
        """Handle all.

        Raises DatabaseAwayError when nothing could be decided; the deliveries are then still the
        caller's.
        """
        events, letters = self._decode(deliveries)
        try:
            await self._commit([event for _, event in events], letters)
            return [Verdict(delivery) for delivery in deliveries]
        except DatabaseAwayError:
            raise
        except Exception as error:  # noqa: BLE001  # each event is then judged by itself
            if len(deliveries) == 1:
                return [await self._give_up_or_retry(deliveries[0], error)]
            log.info(
                "batch.split",
                queue=self.queue,
                size=len(deliveries),
                error=str(error),
                kind=type(error).__name__,
            )
        verdicts: list[Verdict] = []
        for delivery in deliveries:
            verdicts.extend(await self.process([delivery]))
        return verdicts

    def _decode(
        self, deliveries: Sequence[Delivery]
    ) -> tuple[list[tuple[Delivery, Envelope[Any]]], list[Parked]]:
        events: list[tuple[Delivery, Envelope[Any]]] = []
        letters: list[Parked] = []
        for delivery in deliveries:
            if delivery.routing_key not in self.handlers:
                letters.append(
                    _letter(
                        delivery,
                        "unknown_event",
                        f"{self.queue} has no handler for {delivery.routing_key}",
                    )
                )
                continue
            try:
                events.append((delivery, decode(delivery.routing_key, delivery.body)))
            except UnknownEventError as error:
                letters.append(
                    _letter(delivery, "unknown_event", f"no event {error} in the catalogue")
                )
            except ValidationError as error:
                letters.append(_letter(delivery, "invalid_event", str(error)))
            except ValueError as error:
                letters.append(_letter(delivery, "invalid_event", str(error)))
        return events, letters

    async def _commit(self, events: Sequence[Envelope[Any]], letters: Sequence[Parked]) -> None:
        for attempt in range(5):
            try:
                async with self.db.unit_of_work() as uow:
                    await self._apply(uow, events)
                    if letters:
                        await park(uow.session, letters, uow.now)
                return
            except (DBAPIError, PoolTimeoutError, OSError, TimeoutError) as error:
                if _connection_lost(error):
                    raise DatabaseAwayError(str(error)) from error
                if attempt == 4 or not _worth_repeating(error):
                    raise
                await asyncio.sleep(0.01 * 2**attempt)

    async def _apply(self, uow: UnitOfWork, events: Sequence[Envelope[Any]]) -> None:
        if not events:
            return
        new = await claim_new(uow.session, self.queue, [event.id for event in events], uow.now)
        by_type: dict[str, list[Envelope[Any]]] = {}
        for event in events:
            if event.id in new:
                new.discard(event.id)  # The same event twice in one batch counts once.
                by_type.setdefault(event.type, []).append(event)
        for event_type, group in by_type.items():
            await self.handlers[event_type](uow, group)

    async def _give_up_or_retry(self, delivery: Delivery, error: Exception) -> Verdict:
        about = {
            "queue": self.queue,
            "event_id": delivery.event_id,
            "type": delivery.routing_key,
            "attempt": delivery.attempt,
            "error": str(error)[:500],
        }
        reason = _permanent_reason(error)
        if reason is None and delivery.attempt < MAX_ATTEMPTS:
            log.warning("event.retry", **about)
            return Verdict(delivery, retry_step=delivery.attempt - 1)
        reason = reason or "attempts_exhausted"
        log.error("event.parked", reason=reason, **about)
        letter = _letter(delivery, reason, f"{type(error).__name__}: {error}")
        await self._commit([], [letter])
        return Verdict(delivery)


def _letter(delivery: Delivery, reason: str, error: str) -> Parked:
    return Parked(
        delivery.queue,
        delivery.event_id,
        delivery.routing_key,
        delivery.body,
        reason,
        error,
        delivery.attempt,
    )


def _permanent_reason(error: BaseException) -> str | None:
    """Why no retry can help; None where one may."""
    if isinstance(error, PermanentError):
        return error.reason
    if isinstance(error, DBAPIError):
        # Class 22 of SQLSTATE, or the driver's own refusal: a value that the column cannot hold.
        refused = type(error.orig.__cause__).__name__ == "DataError" if error.orig else False
        if refused or isinstance(error, DataError) or (_sqlstate(error) or "").startswith("22"):
            return "invalid_data"
    return None


def _connection_lost(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return (
            error.connection_invalidated
            or isinstance(error, InterfaceError)
            or (isinstance(error, OperationalError) and _sqlstate(error) is None)
        )
    return True


def _worth_repeating(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and _sqlstate(error) in _RETRIED_AT_ONCE


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
