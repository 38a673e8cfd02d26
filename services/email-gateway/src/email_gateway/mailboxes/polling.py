"""Fetching mailboxes over IMAP by UID, never by the unread flag.

Promise: the cursor moves in the transaction that records the mails; the server's flag is set only
after the commit. A mail that cannot be read is quarantined, one mailbox that fails never stops
another, and a wrong password pauses only its own.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row, Table, or_, select, update

from email_gateway.imap.port import (
    FetchedMail,
    MailSource,
    MailSourceAuthError,
    MailSourceUnavailable,
)
from email_gateway.intake.reading import RawMail
from email_gateway.intake.service import Intake
from email_gateway.intake.tables import SeenUid
from email_gateway.mailboxes.tables import Mailbox
from patchbay_kit.errors import PermanentError
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime

log = structlog.get_logger(__name__)

_MAILBOX: Table = Mailbox.__table__  # type: ignore[attr-defined]  # set by SQLModel
_SEEN: Table = SeenUid.__table__  # type: ignore[attr-defined]

CHUNK = 50
LEASE = timedelta(minutes=2)
STRICT_AUTH_FAILURES = 3


@dataclass
class MailboxPoller:
    """One step visits every mailbox that is due; several replicas share them by lease."""

    runtime: Runtime
    intake: Intake
    open_source: Callable[[Row[Any], str], MailSource]

    async def step(self) -> bool:
        """Visit what is due, all at once; True where one of them may have more."""
        due = await self._claim()
        more = await asyncio.gather(*(self._visit(row) for row in due))
        return any(more)

    async def _claim(self) -> Sequence[Row[Any]]:
        async with self.runtime.db.unit_of_work() as uow:
            statement = (
                select(_MAILBOX)
                .where(_MAILBOX.c.active, _MAILBOX.c.state != "refused")
                .where(or_(_MAILBOX.c.leased_until.is_(None), _MAILBOX.c.leased_until < uow.now))
                .where(_MAILBOX.c.next_poll_at <= uow.now)
                .with_for_update(skip_locked=True)
            )
            rows = (await uow.session.execute(statement)).all()
            where = _MAILBOX.c.id.in_([row.id for row in rows])
            if rows:
                values = {"leased_until": uow.now + LEASE, "leased_by": new_id()}
                await uow.session.execute(update(_MAILBOX).where(where).values(values))
            return rows

    async def _visit(self, row: Row[Any]) -> bool:
        more, values = False, {}
        try:
            password = self.runtime.secrets.open(row.sealed_password)
            more = await self._fetch(row, self.open_source(row, password))
            values = {"state": "reachable", "last_error": None, "auth_failures": 0}
        except (MailSourceAuthError, PermanentError) as error:
            failures = row.auth_failures + 1
            state = "refused" if failures >= STRICT_AUTH_FAILURES else "degraded"
            values = {"state": state, "last_error": str(error), "auth_failures": failures}
        except (MailSourceUnavailable, OSError, TimeoutError) as error:
            values = {"state": "degraded", "last_error": str(error)}
        if values["last_error"]:
            log.warning("mailbox.failed", mailbox_id=row.id, state=values["state"])
        await self._release(row, values, more)
        return more

    async def _fetch(self, row: Row[Any], source: MailSource) -> bool:
        await source.connect()
        try:
            state = await source.select(row.folder)
            last = row.last_uid if state.uidvalidity == row.uidvalidity else 0
            while True:
                uids = await source.uids_since(last, CHUNK)
                if not uids:
                    return False
                new = await self._unseen(row.id, state.uidvalidity, uids)
                mails = await source.fetch(new) if new else []
                await self._take_in(row, state.uidvalidity, mails, last_uid=max(uids))
                await source.mark_done(uids)
                last = max(uids)
        finally:
            await source.close()

    async def _unseen(self, mailbox_id: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
        statement = select(_SEEN.c.uid).where(
            _SEEN.c.mailbox_id == mailbox_id,
            _SEEN.c.uidvalidity == uidvalidity,
            _SEEN.c.uid.in_(uids),
        )
        async with self.runtime.db.read() as session:
            seen = set((await session.execute(statement)).scalars())
        return [uid for uid in uids if uid not in seen]

    async def _take_in(
        self, row: Row[Any], uidvalidity: int, mails: Sequence[FetchedMail], *, last_uid: int
    ) -> None:
        raw = [
            RawMail(
                raw=mail.raw,
                via="imap",
                mailbox_id=row.id,
                recipients=(row.public_address,),
                uidvalidity=uidvalidity,
                uid=mail.uid,
            )
            for mail in mails
        ]
        blobs, read = await self.intake.store(raw)
        async with self.runtime.db.unit_of_work() as uow:
            await self.intake.record(uow, blobs, read)
            values = {
                "uidvalidity": uidvalidity,
                "last_uid": last_uid,
                "last_success_at": uow.now,
                "leased_until": uow.now + LEASE,
            }
            where = _MAILBOX.c.id == row.id
            await uow.session.execute(update(_MAILBOX).where(where).values(values))

    async def _release(self, row: Row[Any], values: dict[str, Any], more: bool) -> None:
        async with self.runtime.db.unit_of_work() as uow:
            if not values["last_error"]:
                values["last_success_at"] = uow.now
            wait = timedelta(seconds=0 if more else row.poll_seconds)
            values |= {"leased_until": None, "leased_by": None, "next_poll_at": uow.now + wait}
            where = _MAILBOX.c.id == row.id
            await uow.session.execute(update(_MAILBOX).where(where).values(values))
