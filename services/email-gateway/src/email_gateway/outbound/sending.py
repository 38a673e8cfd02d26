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
from patchbay_kit.errors import PermanentError
from patchbay_kit.runtime import Runtime
from patchbay_kit.secretbox import mail_secret_box

log = structlog.get_logger(__name__)

_OUTGOING: Table = OutgoingMail.__table__  # type: ignore[attr-defined]  # set by SQLModel
CLAIM = 50
# Then a step hands back what it has not begun, so that a stop is heard and no lease ends.
STEP_SECONDS = 10.0


@dataclass(slots=True)
class _Round:
    """The mails of one step that nobody has begun, and whether there is a reason to stop."""

    waiting: deque[Row[Any]]
    deadline: float
    away: bool = False
    broken: bool = False

    def take(self, most: int) -> list[Row[Any]]:
        """The next mails; one that carries an original goes alone, as it may be large."""
        if self.away or self.broken or asyncio.get_running_loop().time() >= self.deadline:
            return []
        taken: list[Row[Any]] = []
        while self.waiting and len(taken) < most:
            taken.append(self.waiting.popleft())
            if taken[-1].request.get("original_mail_id"):
                break
        return taken


@dataclass
class Sender:
    """One step claims some mails and sends them over several connections. Each connection commits
    what became of its mail before it takes the next one.
    """

    runtime: Runtime
    transports: Sequence[Transport]
    support_address: str
    token_key: bytes = field(repr=False)
    original_of: Callable[[Runtime, str], Awaitable[bytes | None]]
    lease: timedelta = LEASE
    # Answered by the server, but not yet committed because the database was away.
    _unwritten: list[Attempt] = field(default_factory=list)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def step(self) -> bool:
        """Send what is due; True where there may be more."""
        await self._write()
        claimed = await self._claim()
        if not claimed:
            return False
        seconds = min(STEP_SECONDS, self.lease.total_seconds() / 3)
        work = _Round(deque(claimed), asyncio.get_running_loop().time() + seconds)
        try:
            await self._send_all(work)
        finally:
            await self._hand_back(work.waiting, away=work.away)
        return not work.away and (bool(work.waiting) or len(claimed) == CLAIM)

    async def _send_all(self, work: _Round) -> None:
        """The first connection shows whether the server is there; then the others help it."""
        first, *others = self.transports
        try:
            await self._send_some(first, work)
            lanes = [self._lane(first, work), *(self._help(each, work) for each in others)]
            # Not a task group: it would cut the others in the middle of a mail.
            ended = await asyncio.gather(*lanes, return_exceptions=True)
        finally:
            await asyncio.gather(*(each.close() for each in self.transports))
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    async def _help(self, transport: Transport, work: _Round) -> None:
        """A further connection, if there is work for it; that none is to be had costs no mail."""
        if not work.waiting or work.away:
            return
        try:
            await transport.open()
        except SendError as error:
            log.info("mail.no_further_connection", error=str(error))
            return
        await self._lane(transport, work)

    async def _lane(self, transport: Transport, work: _Round) -> None:
        while await self._send_some(transport, work):
            pass

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

    async def _send_some(self, transport: Transport, work: _Round) -> bool:
        """Send and record the next mails; False where there are none. Originals are kept before
        they go out: a full disk must stop a mail before it is sent, not its record after.
        """
        rows = work.take(transport.commit_every)
        ready: list[tuple[Row[Any], Composed]] = []
        begun = False
        try:
            for row in rows:
                composed = await self._compose(row)
                if isinstance(composed, SendError):
                    self._unwritten.append(Attempt(row, None, composed))
                else:
                    ready.append((row, composed))
            blobs = await self.runtime.blobs.put([composed.kept for _, composed in ready])
            begun = True
            for (row, composed), blob in zip(ready, blobs, strict=True):
                attempt = await self._try(transport, row, Prepared(composed, blob))
                self._unwritten.append(attempt)
                if isinstance(attempt.outcome, SendError) and attempt.outcome.away:
                    work.away = True
            await self._write()
        except BaseException:
            work.broken = True
            if not begun:
                work.waiting.extendleft(row for row, _ in reversed(ready))
            raise
        return bool(rows)

    async def _try(self, transport: Transport, row: Row[Any], prepared: Prepared) -> Attempt:
        composed = prepared.composed
        recipients = pending(row, composed)
        usable = [each for each in recipients if is_address(each)]
        if not usable:
            text = f"nobody to send it to: {recipients}" if recipients else "there is no recipient"
            return Attempt(row, prepared, SendError(text, permanent=True))
        try:
            result = await transport.send(composed.sender, usable, composed.raw)
        except SendError as error:
            log.info("mail.not_sent", mail_id=row.id, permanent=error.permanent, error=str(error))
            return Attempt(row, prepared, error)
        malformed = dict.fromkeys((each for each in recipients if each not in usable), MALFORMED)
        return Attempt(row, prepared, SendResult(malformed | result.refused, result.caught))

    async def _write(self) -> None:
        async with self._writing:
            attempts = list(self._unwritten)
            if not attempts:
                return
            async with self.runtime.db.unit_of_work() as uow:
                for each in attempts:
                    await record(uow, each)
            del self._unwritten[: len(attempts)]

    async def _compose(self, row: Row[Any]) -> Composed | SendError:
        try:
            request = SendEmail.model_validate(row.request)
            if request.good_until is not None and request.good_until <= self.runtime.clock():
                text = f"it was of use until {request.good_until:%Y-%m-%d %H:%M} UTC only"
                return SendError(text, permanent=True)
            mail_id = request.original_mail_id
            original = await self.original_of(self.runtime, mail_id) if mail_id else None
            secret = _opened(request, self.runtime) if request.sealed else None
            return await asyncio.to_thread(
                compose, request, row.id, self.support_address, self.token_key, original, secret
            )
        except PermanentError as error:
            return SendError(f"the mail cannot be built: {error}", permanent=True)
        except FileNotFoundError:
            return SendError("the original is not in the blob store", permanent=True)
        except OSError as error:
            return SendError(f"the original cannot be read: {error}", permanent=False)
        except ValueError as error:
            return SendError(f"the mail cannot be built: {error}", permanent=True)
        except Exception as error:
            # A defect of ours must cost this mail its attempts, not the others behind it theirs.
            log.exception("mail.broken", mail_id=row.id)
            kind = type(error).__name__
            return SendError(f"the mail cannot be built: {kind}", permanent=False)


def _opened(request: SendEmail, runtime: Runtime) -> str:
    """What only the recipient may read."""
    box = mail_secret_box(runtime.settings.mail_secret_key)
    if box is None or request.sealed is None:
        raise PermanentError("mail_key_missing", "PATCHBAY_MAIL_SECRET_KEY is not set here")
    try:
        return box.open(request.sealed)
    except PermanentError:
        text = "PATCHBAY_MAIL_SECRET_KEY is not the one that ticket-svc has"
        raise PermanentError("mail_key_wrong", text) from None


async def release(uow: UnitOfWork) -> None:
    """Let mails whose sender died be sent at once. Only where nobody else can be sending them."""
    where = _OUTGOING.c.state == "sending"
    await uow.session.execute(update(_OUTGOING).where(where).values(leased_until=uow.now))
