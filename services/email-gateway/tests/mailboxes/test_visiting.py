"""The order of a visit: fetched ahead, recorded one by one, flagged after the commit."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from email_gateway.imap.port import FetchedMail, MailboxState, MailSourceUnavailable
from email_gateway.mailboxes.visiting import CHUNK, MAX_BESIDE, Visit


class Source:
    """A mailbox in memory that can lose its connection at a fetch."""

    def __init__(self, count: int, *, size: int = 10, lost_at: int = 0) -> None:
        self.count, self.size, self.lost_at = count, size, lost_at
        self.log: list[str] = []

    async def select(self, _folder: str) -> MailboxState:
        return MailboxState(7, self.count + 1)

    async def uids_since(self, uid: int, limit: int) -> list[int]:
        return list(range(uid + 1, self.count + 1))[:limit]

    async def fetch(self, uids: Sequence[int]) -> list[FetchedMail]:
        self.log.append(f"fetch {uids[0]}")
        await asyncio.sleep(0)
        if uids[0] == self.lost_at:
            raise MailSourceUnavailable("lost")
        return [FetchedMail(uid, None, bytes(self.size)) for uid in uids]

    async def mark_done(self, uids: Sequence[int]) -> None:
        self.log.append(f"mark {uids[0]}")


class Written(Visit):
    """Writes into the source's log instead of a database."""

    async def _unseen(self, uids: Sequence[int]) -> list[int]:
        return list(uids)

    async def _record(self, mails: Sequence[FetchedMail], *, last_uid: int) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        source: Any = self.source
        source.log.append(f"record {mails[0].uid} to {last_uid}")


def visit(source: Any) -> Written:
    row = SimpleNamespace(folder="INBOX", uidvalidity=7, last_uid=0)
    claimed: Any = SimpleNamespace(row=row)
    nothing: Any = None
    return Written(nothing, nothing, nothing, claimed, source)


def later() -> float:
    return asyncio.get_running_loop().time() + 60


async def test_the_next_chunk_is_fetched_while_this_one_is_recorded() -> None:
    source = Source(2 * CHUNK)
    assert await visit(source).run(later()) is False
    second, last = CHUNK + 1, 2 * CHUNK
    assert source.log == [
        *("fetch 1", f"fetch {second}", f"record 1 to {CHUNK}", "mark 1"),
        *(f"record {second} to {last}", f"mark {second}"),
    ]


async def test_beside_a_big_chunk_nothing_is_fetched() -> None:
    source = Source(2 * CHUNK, size=MAX_BESIDE // CHUNK + 1)
    await visit(source).run(later())
    assert source.log[:4] == ["fetch 1", f"record 1 to {CHUNK}", "mark 1", f"fetch {CHUNK + 1}"]


async def test_what_was_recorded_is_flagged_although_the_next_fetch_fails() -> None:
    source = Source(3 * CHUNK, lost_at=CHUNK + 1)
    with pytest.raises(MailSourceUnavailable):
        await visit(source).run(later())
    assert source.log[2:] == [f"record 1 to {CHUNK}", "mark 1"]


async def test_after_its_time_a_visit_ends_with_the_chunk_that_it_has() -> None:
    source = Source(3 * CHUNK)
    assert await visit(source).run(0.0) is True
    assert source.log == ["fetch 1", f"record 1 to {CHUNK}", "mark 1"]
