"""Who visits a mailbox, and how far it has been read.

Promise: a visit writes nothing to a mailbox that somebody changed, switched off or removed since
the visit began, nor to one whose lease has gone to another replica.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, Row, Table, or_, select, update

from email_gateway.mailboxes.tables import Mailbox
from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.ids import new_id

_MAILBOX: Table = Mailbox.__table__  # type: ignore[attr-defined]  # set by SQLModel

# Renewed while the visit lasts, so that it tells a dead process from a slow server.
LEASE = timedelta(seconds=60)


class ChangedMeanwhileError(Exception):
    """The mailbox is not what the visit began with; its mail stays where it is."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mailbox as it was when it was claimed, and the token of the claim."""

    row: Row[Any]
    token: str


@dataclass(frozen=True, slots=True)
class Leases:
    """Claims on mailboxes in the database."""

    db: Database

    async def claim(self, limit: int = 100) -> Sequence[Claimed]:
        """Active mailboxes that are due and that nobody holds; the longest due come first."""
        async with self.db.unit_of_work() as uow:
            statement = (
                select(_MAILBOX)
                .where(_MAILBOX.c.active, _MAILBOX.c.state != "refused")
                .where(or_(_MAILBOX.c.leased_until.is_(None), _MAILBOX.c.leased_until < uow.now))
                .where(_MAILBOX.c.next_poll_at <= uow.now)
                .order_by(_MAILBOX.c.next_poll_at, _MAILBOX.c.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            rows = (await uow.session.execute(statement)).all()
            token = new_id()
            if rows:
                values = {"leased_until": uow.now + LEASE, "leased_by": token}
                where = _MAILBOX.c.id.in_([row.id for row in rows])
                await uow.session.execute(update(_MAILBOX).where(where).values(values))
        return [Claimed(row, token) for row in rows]

    async def renew(self, claimed: Claimed) -> bool:
        """Hold the mailbox for one more lease; False where somebody else has it by now."""
        async with self.db.unit_of_work() as uow:
            statement = update(_MAILBOX).where(_held(claimed))
            return bool(await _changed(uow, statement.values(leased_until=uow.now + LEASE)))

    async def advance(
        self, uow: UnitOfWork, claimed: Claimed, *, uidvalidity: int, last_uid: int
    ) -> None:
        """Move the cursor in the transaction that records the mails.

        :raises ChangedMeanwhileError: nothing may be recorded.
        """
        values = {
            "uidvalidity": uidvalidity,
            "last_uid": last_uid,
            "last_success_at": uow.now,
            "leased_until": uow.now + LEASE,
        }
        where = _held(claimed) & (_MAILBOX.c.version == claimed.row.version)
        if await _changed(uow, update(_MAILBOX).where(where).values(values)) == 0:
            raise ChangedMeanwhileError(claimed.row.id)

    async def release(self, claimed: Claimed, values: dict[str, Any], *, at_once: bool) -> None:
        """Give the mailbox back; what the visit learned counts unless somebody changed it."""
        async with self.db.unit_of_work() as uow:
            if values and not values["last_error"]:
                values = {**values, "last_success_at": uow.now}
            wait = timedelta(seconds=0 if at_once else claimed.row.poll_seconds)
            learned = {**values, "next_poll_at": uow.now + wait}
            unchanged = _held(claimed) & (_MAILBOX.c.version == claimed.row.version)
            await uow.session.execute(update(_MAILBOX).where(unchanged).values(learned))
            free = {"leased_until": None, "leased_by": None}
            await uow.session.execute(update(_MAILBOX).where(_held(claimed)).values(free))


async def release_all(uow: UnitOfWork) -> None:
    """End every visit's lease. Only where nobody else can be visiting."""
    await uow.session.execute(update(_MAILBOX).values(leased_until=None, leased_by=None))


def _held(claimed: Claimed) -> Any:
    return (_MAILBOX.c.id == claimed.row.id) & (_MAILBOX.c.leased_by == claimed.token)


async def _changed(uow: UnitOfWork, statement: Any) -> int:
    result: CursorResult[Any] = await uow.session.execute(statement)  # type: ignore[assignment]
    return int(result.rowcount)
