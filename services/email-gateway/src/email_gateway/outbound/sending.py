"""The loop that sends what is queued.

Promise: at least once, and once unless the process dies between the server's answer and our commit;
a repeated mail carries the same Message-ID, so that receivers can tell. A refusal is kept with its
words; nothing is given up before its attempts are used, and no mail stops another.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row, Table, or_, select, update

from email_gateway.outbound.composing import Composed, compose
from email_gateway.outbound.outcomes import Attempt, Prepared, pending, record
from email_gateway.outbound.rules import AWAY, LEASE, MALFORMED, is_address
from email_gateway.outbound.tables import OutgoingMail
from email_gateway.outbound.transport import SendError, SendResult, Transport
from patchbay_contracts import SendEmail
from patchbay_kit.db import UnitOfWork
from patchbay_kit.runtime import Runtime

log = structlog.get_logger(__name__)

_OUTGOING: Table = OutgoingMail.__table__  # type: ignore[attr-defined]  # set by SQLModel
CLAIM = 50
# Then a step hands back what it has not begun, so that a stop is heard and no lease ends.
STEP_SECONDS = 10.0


@dataclass
class Sender:
    """One step claims some mails, sends them one after the other, and commits each result by
    itself.
    """

    runtime: Runtime
    transport: Transport
    support_address: str
    token_key: bytes = field(repr=False)
    original_of: Callable[[Runtime, str], Awaitable[bytes | None]]
    lease: timedelta = LEASE
    # Answered by the server, but not yet committed because the database was away.
    _unwritten: list[Attempt] = field(default_factory=list)

    async def step(self) -> bool:
        """Send what is due; True where there may be more."""
        await self._write()
        claimed = await self._claim()
        if not claimed:
            return False
        loop = asyncio.get_running_loop()
        deadline = loop.time() + STEP_SECONDS
        waiting, away = deque(claimed), False
        try:
            while waiting and not away and loop.time() < deadline:
                size = min(self.transport.commit_every, len(waiting))
                away = await self._send([waiting.popleft() for _ in range(size)])
        finally:
            await self._hand_back(waiting, away=away)
            await self.transport.close()
        return not away and (bool(waiting) or len(claimed) == CLAIM)

    async def _claim(self) -> Sequence[Row[Any]]:
        async with self.runtime.db.unit_of_work() as uow:
            due = (
                select(_OUTGOING)
                .where(_OUTGOING.c.next_attempt_at <= uow.now)
                .where(
                    or_(
                        _OUTGOING.c.state == "queued",
                        (_OUTGOING.c.state == "sending") & (_OUTGOING.c.leased_until < uow.now),
                    )
                )
                .order_by(_OUTGOING.c.next_attempt_at, _OUTGOING.c.id)
                .limit(CLAIM)
                .with_for_update(skip_locked=True)
            )
            rows = (await uow.session.execute(due)).all()
            if rows:
                ids = [row.id for row in rows]
                values = {"state": "sending", "leased_until": uow.now + self.lease}
                where = _OUTGOING.c.id.in_(ids)
                await uow.session.execute(update(_OUTGOING).where(where).values(values))
            return rows

    async def _hand_back(self, rows: Sequence[Row[Any]] | deque[Row[Any]], *, away: bool) -> None:
        """What was not begun uses no attempt; it waits a little where the server is away."""
        if not rows:
            return
        async with self.runtime.db.unit_of_work() as uow:
            values: dict[str, Any] = {"state": "queued", "leased_until": None}
            if away:
                values["next_attempt_at"] = uow.now + AWAY
            where = _OUTGOING.c.id.in_([row.id for row in rows]) & (_OUTGOING.c.state == "sending")
            await uow.session.execute(update(_OUTGOING).where(where).values(values))

    async def _send(self, rows: Sequence[Row[Any]]) -> bool:
        """Send and record; True where the server is away. Originals are kept before they go out:
        a full disk must stop a mail before it is sent, not its record after.
        """
        ready: list[tuple[Row[Any], Composed]] = []
        for row in rows:
            composed = await self._compose(row)
            if isinstance(composed, SendError):
                self._unwritten.append(Attempt(row, None, composed))
            else:
                ready.append((row, composed))
        blobs = await self.runtime.blobs.put([composed.raw for _, composed in ready])
        away = False
        for (row, composed), blob in zip(ready, blobs, strict=True):
            attempt = await self._try(row, Prepared(composed, blob))
            self._unwritten.append(attempt)
            away = away or (isinstance(attempt.outcome, SendError) and attempt.outcome.away)
        await self._write()
        return away

    async def _try(self, row: Row[Any], prepared: Prepared) -> Attempt:
        composed = prepared.composed
        recipients = pending(row, composed)
        usable = [each for each in recipients if is_address(each)]
        if not usable:
            text = f"nobody to send it to: {recipients}" if recipients else "there is no recipient"
            return Attempt(row, prepared, SendError(text, permanent=True))
        try:
            result = await self.transport.send(composed.sender, usable, composed.raw)
        except SendError as error:
            log.info("mail.not_sent", mail_id=row.id, permanent=error.permanent, error=str(error))
            return Attempt(row, prepared, error)
        malformed = dict.fromkeys((each for each in recipients if each not in usable), MALFORMED)
        return Attempt(row, prepared, SendResult(malformed | result.refused, result.caught))

    async def _write(self) -> None:
        if not self._unwritten:
            return
        async with self.runtime.db.unit_of_work() as uow:
            for each in self._unwritten:
                await record(uow, each)
        self._unwritten.clear()

    async def _compose(self, row: Row[Any]) -> Composed | SendError:
        try:
            request = SendEmail.model_validate(row.request)
            mail_id = request.original_mail_id
            original = await self.original_of(self.runtime, mail_id) if mail_id else None
            return await asyncio.to_thread(
                compose, request, row.id, self.support_address, self.token_key, original
            )
        except FileNotFoundError:
            return SendError("the original is not in the blob store", permanent=True)
        except OSError as error:
            return SendError(f"the original cannot be read: {error}", permanent=False)
        except ValueError as error:
            return SendError(f"the mail cannot be built: {error}", permanent=True)


async def release(uow: UnitOfWork) -> None:
    """Let mails whose sender died be sent at once. Only where nobody else can be sending them."""
    where = _OUTGOING.c.state == "sending"
    await uow.session.execute(update(_OUTGOING).where(where).values(leased_until=uow.now))
