"""One visit to a mailbox: chunks of mail, the next one fetched while this one is recorded.

Promise: the cursor moves in the transaction that records the mails; the server's flag is set only
after the commit.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, select

from email_gateway.imap.port import FetchedMail, MailSource
from email_gateway.intake.raw import RawMail
from email_gateway.intake.service import Intake
from email_gateway.intake.tables import SeenUid
from email_gateway.mailboxes.leases import Claimed, Leases
from patchbay_kit.db import key_in
from patchbay_kit.runtime import Runtime

_SEEN: Table = SeenUid.__table__  # type: ignore[attr-defined]  # set by SQLModel

CHUNK = 50
# UIDs asked for at once: a search costs the server the same for one as for all.
LISTED = 2_000
# The next chunk is fetched beside this one unless this one is big: memory stays bounded.
MAX_BESIDE = 8 * 1024 * 1024


@dataclass(slots=True)
class Visit:
    """What one visit works with. `source` is closed and opened by the caller."""

    runtime: Runtime
    intake: Intake
    leases: Leases
    claimed: Claimed
    source: MailSource
    uidvalidity: int = 0

    async def run(self, deadline: float) -> bool:
        """Take in what is new; True where `deadline` (of the loop's clock) came first."""
        row = self.claimed.row
        state = await self.source.select(row.folder)
        self.uidvalidity = state.uidvalidity
        last = row.last_uid if state.uidvalidity == row.uidvalidity else 0
        while uids := await self.source.uids_since(last, LISTED):
            chunks = [uids[start : start + CHUNK] for start in range(0, len(uids), CHUNK)]
            if await self._take_all(chunks, deadline):
                return True
            last = max(uids)
        return False

    async def _take_all(self, chunks: Sequence[Sequence[int]], deadline: float) -> bool:
        loop = asyncio.get_running_loop()
        mails = await self._download(chunks[0])
        for position, uids in enumerate(chunks):
            following = chunks[position + 1 : position + 2]
            late = loop.time() > deadline
            beside = following and not late and sum(len(m.raw) for m in mails) <= MAX_BESIDE
            ahead = asyncio.create_task(self._download(following[0])) if beside else None
            try:
                await self._record(mails, last_uid=max(uids))
                if ahead is not None:
                    await asyncio.wait({ahead})
                await self.source.mark_done(uids)
            except BaseException:
                if ahead is not None:
                    ahead.cancel()
                    await asyncio.gather(ahead, return_exceptions=True)
                raise
            if late:
                return True
            if ahead is not None:
                mails = ahead.result()
            elif following:
                mails = await self._download(following[0])
        return False

    async def _download(self, uids: Sequence[int]) -> list[FetchedMail]:
        new = await self._unseen(uids)
        return await self.source.fetch(new) if new else []

    async def _record(self, mails: Sequence[FetchedMail], *, last_uid: int) -> None:
        raw = [_raw(self.claimed.row, self.uidvalidity, mail) for mail in mails]
        blobs, read = await self.intake.store(raw)
        async with self.runtime.db.unit_of_work() as uow:
            await self.leases.advance(
                uow, self.claimed, uidvalidity=self.uidvalidity, last_uid=last_uid
            )
            await self.intake.record(uow, blobs, read)

    async def _unseen(self, uids: Sequence[int]) -> list[int]:
        async with self.runtime.db.read() as session:
            statement = select(_SEEN.c.uid).where(
                _SEEN.c.mailbox_id == self.claimed.row.id,
                _SEEN.c.uidvalidity == self.uidvalidity,
                key_in(session, [_SEEN.c.uid], uids),
            )
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
        withheld=mail.withheld,
    )
