"""Failures to sign in: ten lock an address for a quarter of an hour, and too many from one client,
whatever the addresses, stop the client for as long.

Promise: counted before the password is looked at, one after another, so that a hundred attempts at
once are no more than ten guesses; and for addresses that nobody has just the same, so that the lock
tells nobody who is known here.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import Database, UnitOfWork, insert_many
from patchbay_kit.errors import ProblemError
from ticket_svc.sign_ins.clients import Client, client_locked, count_client, forget_clients
from ticket_svc.sign_ins.tables import SignInAttempt

_ATTEMPT: Table = SignInAttempt.__table__  # type: ignore[attr-defined]  # set by SQLModel

MAX_FAILURES = 10
LOCK_FOR = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


async def count_attempt(db: Database, address: str, client: Client | None = None) -> None:
    """Count one; 429 `locked` where the address has had its ten, `client_locked` where the client
    has had its number.

    It is a failure until `forgive` and `take_back` say otherwise. What a stopped client tries is
    not counted against the address.
    """
    digest = _digest(address)
    async with db.unit_of_work() as uow:
        stopped = await count_client(uow, client)
        until = await _count(uow, digest) if stopped is None else None
    if stopped is not None:
        raise client_locked(stopped - db.clock())
    if until is not None:
        seconds = max(1, int((until - db.clock()).total_seconds()))
        raise ProblemError(
            429,
            "locked",
            "Too many failed attempts",
            hint="Wait a quarter of an hour, or ask an administrator to set a new password.",
            headers={"Retry-After": str(seconds)},
        )


async def forgive(session: AsyncSession, *addresses: str | None) -> None:
    """The addresses have no failures any more."""
    digests = [_digest(address) for address in addresses if address]
    if digests:
        where = _ATTEMPT.c.address_digest.in_(digests)
        await session.execute(update(_ATTEMPT).where(where).values(failures=0, locked_until=None))


async def forget_old(uow: UnitOfWork) -> None:
    """Remove what nobody has tried for a day, and clients whose failures do not count any more."""
    old = _ATTEMPT.c.tried_at < uow.now - FORGOTTEN_AFTER
    await uow.session.execute(delete(_ATTEMPT).where(old))
    await forget_clients(uow)


async def _count(uow: UnitOfWork, digest: str) -> datetime | None:
    """Until when the address is locked; None where this attempt may be made."""
    new = {"address_digest": digest, "failures": 0, "locked_until": None, "tried_at": uow.now}
    await insert_many(uow.session, _ATTEMPT, [new], ignore_conflicts=True)
    mine = _ATTEMPT.c.address_digest == digest
    row = (
        await uow.session.execute(
            select(_ATTEMPT.c.failures, _ATTEMPT.c.locked_until).where(mine).with_for_update()
        )
    ).one()
    until: datetime | None = row.locked_until
    if until is not None and until > uow.now:
        return until
    failures = (0 if until is not None else row.failures) + 1
    locked = uow.now + LOCK_FOR if failures >= MAX_FAILURES else None
    values = {"failures": failures, "locked_until": locked, "tried_at": uow.now}
    await uow.session.execute(update(_ATTEMPT).where(mine).values(values))
    return None


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
