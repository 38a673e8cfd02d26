"""Fetching mailboxes over IMAP by UID, never by the unread flag.

Promise: the cursor moves in the transaction that records the mails; the server's flag is set only
after the commit. A mail that cannot be read is quarantined, one mailbox that fails or is slow never
stops another, and a wrong password pauses only its own.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Row, Table, select

from email_gateway.imap.port import (
    FetchedMail,
    MailSource,
    MailSourceAuthError,
    MailSourceUnavailable,
)
from email_gateway.intake.raw import RawMail
from email_gateway.intake.service import Intake
from email_gateway.intake.tables import SeenUid
from email_gateway.mailboxes.leases import ChangedMeanwhileError, Claimed, Leases
from email_gateway.mailboxes.sources import MailSources
from patchbay_kit.errors import PermanentError
from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import pause

log = structlog.get_logger(__name__)

_SEEN: Table = SeenUid.__table__  # type: ignore[attr-defined]  # set by SQLModel

CHUNK = 50
TICK = 1.0
STRICT_AUTH_FAILURES = 3
# A visit hands a full mailbox back after this long, so that a stop or a change is heard.
VISIT_SECONDS = 15.0


@dataclass
class MailboxPoller:
    """A loop that visits every mailbox that is due; several replicas share them by lease."""

    runtime: Runtime
    intake: Intake
    sources: MailSources
    name: str = "mailboxes"
    _visits: "set[asyncio.Task[bool]]" = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Until stopped; visits under way end then, and what they had not recorded comes again."""
        try:
            while not stop.is_set():
                try:
                    await self._start_due()
                except Exception as error:  # noqa: BLE001  # the loop must outlive its database
                    log.warning("mailboxes.not_claimed", error=str(error), kind=_kind(error))
                await pause(TICK, stop)
        finally:
            for visit in self._visits:
                visit.cancel()
            await asyncio.gather(*self._visits, return_exceptions=True)

    async def step(self) -> bool:
        """Visit what is due and wait for it; True where one of them may have more."""
        return any([await visit for visit in await self._start_due()])

    async def _start_due(self) -> "list[asyncio.Task[bool]]":
        claimed = await Leases(self.runtime.db).claim()
        visits = [asyncio.create_task(self._visit(each)) for each in claimed]
        self._visits.update(visits)
        for visit in visits:
            visit.add_done_callback(self._visits.discard)
        return visits

    async def _visit(self, claimed: Claimed) -> bool:
        row, leases = claimed.row, Leases(self.runtime.db)
        more, values = False, {"state": "reachable", "last_error": None, "auth_failures": 0}
        try:
            more = await self._fetch(claimed, leases)
        except ChangedMeanwhileError:
            log.info("mailbox.changed_meanwhile", mailbox_id=row.id)
        except (MailSourceAuthError, PermanentError) as error:
            failures = row.auth_failures + 1
            state = "refused" if failures >= STRICT_AUTH_FAILURES else "degraded"
            values = {"state": state, "last_error": str(error), "auth_failures": failures}
        except asyncio.CancelledError:
            await leases.release(claimed, {}, at_once=True)
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the other mailboxes go on
            values = {"state": "degraded", "last_error": str(error) or _kind(error)}
            if not isinstance(error, MailSourceUnavailable | OSError):
                log.error("mailbox.broken", mailbox_id=row.id, error=str(error), kind=_kind(error))
        if values["last_error"]:
            log.warning("mailbox.failed", mailbox_id=row.id, state=values["state"])
        await self._release(leases, claimed, values, more)
        return more

    async def _release(
        self, leases: Leases, claimed: Claimed, values: dict[str, Any], more: bool
    ) -> None:
        try:
            await leases.release(claimed, values, at_once=more)
        except Exception as error:  # noqa: BLE001  # the lease ends by itself
            log.warning("mailbox.not_released", mailbox_id=claimed.row.id, kind=_kind(error))

    async def _fetch(self, claimed: Claimed, leases: Leases) -> bool:
        row = claimed.row
        source = await self.sources.open(row)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + VISIT_SECONDS
        try:
            await source.connect()
            state = await source.select(row.folder)
            last = row.last_uid if state.uidvalidity == row.uidvalidity else 0
            while uids := await source.uids_since(last, CHUNK):
                await self._take_in(claimed, leases, source, state.uidvalidity, uids)
                last = max(uids)
                if loop.time() > deadline:
                    return True
            return False
        finally:
            await source.close()

    async def _take_in(
        self,
        claimed: Claimed,
        leases: Leases,
        source: MailSource,
        uidvalidity: int,
        uids: Sequence[int],
    ) -> None:
        new = await self._unseen(claimed.row.id, uidvalidity, uids)
        mails = await source.fetch(new) if new else []
        blobs, read = await self.intake.store(
            [_raw(claimed.row, uidvalidity, mail) for mail in mails]
        )
        async with self.runtime.db.unit_of_work() as uow:
            await leases.advance(uow, claimed, uidvalidity=uidvalidity, last_uid=max(uids))
            await self.intake.record(uow, blobs, read)
        await source.mark_done(uids)

    async def _unseen(self, mailbox_id: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
        statement = select(_SEEN.c.uid).where(
            _SEEN.c.mailbox_id == mailbox_id,
            _SEEN.c.uidvalidity == uidvalidity,
            _SEEN.c.uid.in_(uids),
        )
        async with self.runtime.db.read() as session:
            seen = set((await session.execute(statement)).scalars())
        return [uid for uid in uids if uid not in seen]


def _raw(row: Row[Any], uidvalidity: int, mail: FetchedMail) -> RawMail:
    return RawMail(
        raw=mail.raw,
        via="imap",
        mailbox_id=row.id,
        recipients=(row.public_address,),
        uidvalidity=uidvalidity,
        uid=mail.uid,
        oversize=mail.oversize,
    )


def _kind(error: Exception) -> str:
    return type(error).__name__
