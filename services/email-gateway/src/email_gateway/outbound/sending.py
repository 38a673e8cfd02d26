"""The loop that sends what is queued.

Promise: at least once, and once unless the process dies between the server's answer and our commit;
a repeated mail carries the same Message-ID, so that receivers can tell. A refusal is kept with its
words; nothing is given up before its attempts are used.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Row, Table, or_, select, update

from email_gateway.outbound.composing import Composed, compose
from email_gateway.outbound.outcomes import given_up, sent, try_later
from email_gateway.outbound.rules import LEASE, MAX_ATTEMPTS
from email_gateway.outbound.tables import OutgoingMail
from email_gateway.outbound.transport import SendError, SendResult, Transport
from patchbay_contracts import SendEmail
from patchbay_kit.runtime import Runtime

log = structlog.get_logger(__name__)

_OUTGOING: Table = OutgoingMail.__table__  # type: ignore[attr-defined]  # set by SQLModel
CLAIM = 50


@dataclass(frozen=True, slots=True)
class _Attempt:
    row: Row[Any]
    composed: Composed
    outcome: SendResult | SendError


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

    async def step(self) -> bool:
        """Send what is due; True where there may be more."""
        claimed = await self._claim()
        if not claimed:
            return False
        try:
            size = self.transport.commit_every
            for start in range(0, len(claimed), size):
                await self._write([await self._try(row) for row in claimed[start : start + size]])
        finally:
            await self.transport.close()
        return len(claimed) == CLAIM

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
                values = {"state": "sending", "leased_until": uow.now + LEASE}
                where = _OUTGOING.c.id.in_(ids)
                await uow.session.execute(update(_OUTGOING).where(where).values(values))
            return rows

    async def _try(self, row: Row[Any]) -> "_Attempt":
        composed = await self._compose(row)
        try:
            result = await self.transport.send(composed.sender, composed.recipients, composed.raw)
        except SendError as error:
            log.info("mail.not_sent", mail_id=row.id, permanent=error.permanent, error=str(error))
            return _Attempt(row, composed, error)
        return _Attempt(row, composed, result)

    async def _write(self, attempts: "Sequence[_Attempt]") -> None:
        kept = [each for each in attempts if isinstance(each.outcome, SendResult)]
        blobs = await self.runtime.blobs.put([each.composed.raw for each in kept])
        names = {each.row.id: blob for each, blob in zip(kept, blobs, strict=True)}
        async with self.runtime.db.unit_of_work() as uow:
            for each in attempts:
                outcome = each.outcome
                if isinstance(outcome, SendResult):
                    await sent(uow, each.row, each.composed, outcome, names[each.row.id])
                elif outcome.permanent or each.row.attempts + 1 >= MAX_ATTEMPTS:
                    await given_up(uow, each.row, str(outcome))
                else:
                    await try_later(uow, each.row, str(outcome))

    async def _compose(self, row: Row[Any]) -> Composed:
        request = SendEmail.model_validate(row.request)
        mail_id = request.original_mail_id
        original = await self.original_of(self.runtime, mail_id) if mail_id else None
        return await asyncio.to_thread(
            compose, request, row.id, self.support_address, self.token_key, original
        )
