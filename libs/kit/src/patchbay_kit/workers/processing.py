"""How a batch of deliveries becomes effects: the heart of the delivery promise.

Exactly once in effect: inbox rows and effects share one transaction, and the bus is told only after
the commit. One transaction for the whole batch; when it fails, one for each event, so that a poison
message hurts nobody else. What cannot be mended is parked in `dead_letter` before it is settled.
While the database is away nothing is settled and no attempt is used up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from patchbay_contracts import Envelope, UnknownEventError, decode
from patchbay_kit.bus import DELAY_STEPS, Delivery
from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.db.failures import CONNECT_ERRORS, is_away, is_refused_value, sqlstate
from patchbay_kit.errors import PermanentError
from patchbay_kit.messaging import Handler
from patchbay_kit.messaging.context import correlation_of, handling
from patchbay_kit.messaging.dead_letters import Parked, park
from patchbay_kit.messaging.inbox import claim_new

log = structlog.get_logger(__name__)

# The first delivery and one after each delay step.
MAX_ATTEMPTS = len(DELAY_STEPS) + 1
# Serialization failure, deadlock, lock time-out: others' work, over in a moment.
_REPEATED_AT_ONCE = frozenset({"40001", "40P01", "55P03"})
_REPEATS = 4


class DatabaseAwayError(Exception):
    """The database does not answer; the batch is to be tried again as it is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the bus is told: `retry_step` indexes DELAY_STEPS, None means settled for good."""

    delivery: Delivery
    retry_step: int | None = None


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A delivery with its event, or with the letter of what cannot be read."""

    delivery: Delivery
    event: Envelope[Any] | None = None
    letter: Parked | None = None
    correlation_id: str | None = None


@dataclass(slots=True)
class BatchProcessor:
    """Processes deliveries of one queue with the handlers of one service."""

    db: Database
    queue: str
    handlers: Mapping[str, Handler]

    async def process(self, deliveries: Sequence[Delivery]) -> list[Verdict]:
        """Handle all, in order; one verdict for each.

        Fewer verdicts than deliveries: the database went away after those. DatabaseAwayError: it
        was away before the first. What has no verdict is still the caller's.
        """
        batch = [self._read(delivery) for delivery in deliveries]
        if len(batch) == 1:
            return [await self._one(batch[0])]
        try:
            await self._commit(batch)
        except DatabaseAwayError:
            raise
        except Exception as error:  # noqa: BLE001  # each event is then judged by itself
            about = {"error": str(error)[:500], "kind": type(error).__name__}
            log.info("batch.split", queue=self.queue, size=len(batch), **about)
            return await self._one_by_one(batch)
        return [Verdict(delivery) for delivery in deliveries]

    async def _one_by_one(self, batch: Sequence[_Incoming]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for each in batch:
            try:
                verdicts.append(await self._one(each))
            except DatabaseAwayError:
                if not verdicts:
                    raise
                break
        return verdicts

    async def _one(self, each: _Incoming) -> Verdict:
        with handling(each.event) if each.event else nullcontext():
            try:
                await self._commit([each])
            except DatabaseAwayError:
                raise
            except Exception as error:  # noqa: BLE001  # any failure is retried or parked
                return await self._give_up_or_retry(each, error)
            return Verdict(each.delivery)

    def _read(self, delivery: Delivery) -> _Incoming:
        key = delivery.routing_key
        if key not in self.handlers:
            return _unreadable(delivery, "unknown_event", f"{self.queue} has no handler for {key}")
        try:
            event = decode(key, delivery.body)
            return _Incoming(delivery, event=event, correlation_id=correlation_of(event))
        except UnknownEventError as error:
            return _unreadable(delivery, "unknown_event", f"no event {error} in the catalogue")
        except ValidationError as error:
            return _unreadable(delivery, "invalid_event", _without_input(error))
        except ValueError as error:
            return _unreadable(delivery, "invalid_event", str(error))

    async def _commit(self, batch: Sequence[_Incoming]) -> None:
        for repeats_left in range(_REPEATS, -1, -1):
            try:
                await self._transaction(batch)
                break
            except CONNECT_ERRORS as error:
                if await self._database_is_away(error):
                    raise DatabaseAwayError(str(error)) from error
                if not repeats_left or sqlstate(error) not in _REPEATED_AT_ONCE:
                    raise
                await asyncio.sleep(0.01 * 2 ** (_REPEATS - repeats_left))
        for each in batch:
            if each.letter is not None:
                about = _about(each.letter, each.correlation_id)
                log.error("event.parked", reason=each.letter.reason, **about)

    async def _transaction(self, batch: Sequence[_Incoming]) -> None:
        begun = False
        try:
            async with self.db.unit_of_work() as uow:
                begun = True
                await self._apply(uow, [each.event for each in batch if each.event])
                if letters := [each.letter for each in batch if each.letter]:
                    await park(uow.session, letters, uow.now)
        except CONNECT_ERRORS as error:
            if begun:
                raise
            raise DatabaseAwayError(str(error)) from error

    async def _database_is_away(self, error: BaseException) -> bool:
        if isinstance(error, DBAPIError):
            return is_away(error)
        # A driver's time-out and a handler's missing file look the same: ask.
        try:
            await self.db.ping()
        except CONNECT_ERRORS:
            return True
        return False

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

    async def _give_up_or_retry(self, each: _Incoming, error: Exception) -> Verdict:
        delivery = each.delivery
        reason = _permanent_reason(error)
        text = f"{type(error).__name__}: {error}"
        letter = _letter(delivery, reason or "attempts_exhausted", text)
        if reason is None and delivery.attempt < MAX_ATTEMPTS:
            log.warning("event.retry", **_about(letter, each.correlation_id))
            return Verdict(delivery, retry_step=max(0, delivery.attempt - 1))
        await self._commit([replace(each, event=None, letter=letter)])
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


def _unreadable(delivery: Delivery, reason: str, error: str) -> _Incoming:
    return _Incoming(delivery, letter=_letter(delivery, reason, error))


def _about(letter: Parked, correlation_id: str | None) -> dict[str, Any]:
    return {
        "correlation_id": correlation_id,
        "queue": letter.queue,
        "event_id": letter.event_id,
        "type": letter.event_type,
        "attempt": letter.attempts,
        "error": letter.error[:500],
    }


def _without_input(error: ValidationError) -> str:
    """The places and the complaints; the values are customers' data."""
    found = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found)


def _permanent_reason(error: BaseException) -> str | None:
    """Why no retry can help; None where one may."""
    if isinstance(error, PermanentError):
        return error.reason
    if is_refused_value(error) or isinstance(error, orjson.JSONEncodeError):
        return "invalid_data"
    return None
