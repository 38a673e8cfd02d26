"""Parking:

a message that no retry can mend becomes a row that people read, retry or discard. Nothing is
dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.tables import dead_letter
from patchbay_kit.errors import conflict, not_found
from patchbay_kit.ids import new_id


class DeadLetterState(StrEnum):
    PARKED = "parked"
    RETRIED = "retried"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Parked:
    """What is parked, and why: `reason` is a stable code, `error` is for people."""

    queue: str
    event_id: str
    event_type: str
    body: bytes
    reason: str
    error: str
    attempts: int


async def park(session: AsyncSession, letters: Sequence[Parked], now: datetime) -> None:
    """Write dead letters inside the caller's transaction.

    The same event parked again on one queue is one letter more: each parking is a fact.
    """
    for letter in letters:
        row = {
            "id": new_id(),
            "queue": letter.queue,
            "event_id": _storable(letter.event_id)[:64],
            "event_type": _storable(letter.event_type)[:100],
            "body": letter.body,
            "reason": letter.reason[:100],
            "error": _storable(letter.error)[:4000],
            "attempts": letter.attempts,
            "state": DeadLetterState.PARKED.value,
            "parked_at": now,
            "decided_at": None,
            "decided_by": None,
        }
        await session.execute(dead_letter.insert(), row)


def _storable(text: str) -> str:
    """Text of unknown origin without what a database refuses: NUL and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


async def retry(uow: UnitOfWork, letter_id: str) -> None:
    """Send the message to its queue again, once; 409 where somebody decided already.

    A body that is no text goes as well as it can; it is parked again, and this letter keeps it.
    """
    row = await _decide(uow, letter_id, DeadLetterState.RETRIED)
    uow.resend(
        event_id=row.event_id,
        event_type=row.event_type,
        body=_storable(row.body.decode("utf-8", "replace")),
        queue=row.queue,
    )


async def discard(uow: UnitOfWork, letter_id: str) -> None:
    """Give the message up; the row stays readable."""
    await _decide(uow, letter_id, DeadLetterState.DISCARDED)


async def _decide(uow: UnitOfWork, letter_id: str, state: DeadLetterState) -> Row[Any]:
    row = (
        await uow.session.execute(
            select(dead_letter).where(dead_letter.c.id == letter_id).with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise not_found("dead_letter", letter_id)
    if row.state != DeadLetterState.PARKED:
        raise conflict(
            "dead_letter_decided",
            "Already decided",
            detail=f"This dead letter is {row.state} since {row.decided_at}.",
        )
    await uow.session.execute(
        update(dead_letter)
        .where(dead_letter.c.id == letter_id)
        .values(state=state.value, decided_at=uow.now, decided_by=uow.actor)
    )
    return row
