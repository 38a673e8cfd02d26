"""The issuer's keys: sealed in the database, shared by every replica, changed every 90 days.

Promise: a new key is published PUBLISHED_BEFORE it signs, and an old one as long as a token of it
may live, so that a change of keys refuses nobody; `end_tokens` is the exception, and ends them all.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Table, event, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from patchbay_kit.auth import SigningKey, StaticKeys, TokenIssuer
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.db.failures import CONNECT_ERRORS
from patchbay_kit.errors import ProblemError
from patchbay_kit.http.database_errors import database_unavailable
from patchbay_kit.runtime import Runtime
from ticket_svc.auth.rules import KEPT_AFTER, PUBLISHED_BEFORE, ROTATE_EVERY
from ticket_svc.auth.tables import SigningKey as SigningKeyRow

_TABLE: Table = SigningKeyRow.__table__  # type: ignore[attr-defined]  # set by SQLModel

FIRST_KEY = "first"
RELOAD_SECONDS = 60.0
# An unknown key id causes one more look, not one a request.
RELOAD_UNKNOWN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key that is in use; `signs_from` is when it takes over from the one before."""

    key: SigningKey
    created_at: datetime
    signs_from: datetime


async def load_keys(uow: UnitOfWork, runtime: Runtime) -> list[StoredKey]:
    """Every key in use, newest first; the first one is made here, once for all replicas."""
    keys = await read_keys(uow.session, runtime)
    if not keys:
        await add_key(uow, runtime)
        keys = await read_keys(uow.session, runtime)
    return keys


async def add_key(uow: UnitOfWork, runtime: Runtime) -> None:
    """One more key; replicas that try at once agree on one."""
    key = SigningKey.generate()
    made = await uow.session.scalar(select(func.count()).select_from(_TABLE))
    row = {
        # Counted names make replicas that start or rotate together agree on one key.
        "kid": f"key-{made}" if made else FIRST_KEY,
        "sealed_private_key": runtime.secrets.seal(key.to_pem()),
        "public_key": key.jwk()["x"],
        "created_at": uow.now,
    }
    await insert_many(uow.session, _TABLE, [row], ignore_conflicts=True)


async def rotate(uow: UnitOfWork, runtime: Runtime, *, end_tokens: bool = False) -> datetime:
    """Add a key; when it signs. `end_tokens`: at once, and no older token is good any more."""
    if end_tokens:
        in_use = _TABLE.c.retired_at.is_(None)
        await uow.session.execute(update(_TABLE).where(in_use).values(retired_at=uow.now))
    await add_key(uow, runtime)
    return (await read_keys(uow.session, runtime))[0].signs_from


async def rotate_when_due(uow: UnitOfWork, runtime: Runtime) -> bool:
    """Retire keys whose last tokens have expired, and add one after 90 days; True if so."""
    statement = select(_TABLE.c.kid, _TABLE.c.created_at).where(_TABLE.c.retired_at.is_(None))
    rows = (await uow.session.execute(statement.order_by(_TABLE.c.created_at.desc()))).all()
    ended = [
        older.kid
        for newer, older in pairwise(rows)
        if newer.created_at + PUBLISHED_BEFORE + KEPT_AFTER < uow.now
    ]
    if ended:
        where = _TABLE.c.kid.in_(ended)
        await uow.session.execute(update(_TABLE).where(where).values(retired_at=uow.now))
    if not rows or rows[0].created_at + ROTATE_EVERY > uow.now:
        return False
    await add_key(uow, runtime)
    return True


async def read_keys(session: AsyncSession, runtime: Runtime) -> list[StoredKey]:
    """Every key in use, newest first."""
    columns = (_TABLE.c.sealed_private_key, _TABLE.c.created_at)
    statement = select(*columns).where(_TABLE.c.retired_at.is_(None))
    rows = (await session.execute(statement.order_by(_TABLE.c.created_at.desc()))).all()
    keys = []
    for place, row in enumerate(rows, 1):
        # The only key signs at once: there is no other.
        wait = PUBLISHED_BEFORE if place < len(rows) else timedelta(0)
        key = SigningKey.from_pem(runtime.secrets.open(row.sealed_private_key))
        keys.append(StoredKey(key, row.created_at, row.created_at + wait))
    return keys


def signing_first(keys: Sequence[StoredKey], now: datetime) -> list[SigningKey]:
    """The keys for an issuer: the newest whose time has come, then the others."""
    signing = next((each for each in keys if each.signs_from <= now), keys[-1])
    return [signing.key, *(each.key for each in keys if each is not signing)]


def still_starting() -> ProblemError:
    """503: no key has been read yet, so nobody can say which tokens are good."""
    return ProblemError(
        503,
        "starting",
        "Still starting",
        hint="Try again in a second.",
        headers={"Retry-After": "1"},
    )


class OwnKeys:
    """The key source of ticket-svc itself; empty until the database has answered at start.

    Read again every minute and for unknown key ids, so that replicas follow a rotation.
    """

    def __init__(self, runtime: Runtime, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.issuer: TokenIssuer | None = None
        self._keys = StaticKeys([])
        self._kids: set[str] = set()
        self._runtime = runtime
        self._monotonic = monotonic
        self._loaded = monotonic()
        # Called when a key is gone: whoever remembers its tokens must look again.
        self.on_gone: Callable[[], None] = lambda: None
        self._lock = asyncio.Lock()

    def set(self, keys: Sequence[StoredKey]) -> None:
        """Take these from now on."""
        runtime = self._runtime
        ordered = signing_first(keys, runtime.clock())
        ttl = runtime.settings.token_ttl
        kids = {key.kid for key in ordered}
        if not self._kids <= kids:
            self.on_gone()
        self._kids = kids
        self.issuer = TokenIssuer(ordered, ttl=ttl, clock=runtime.clock)
        self._keys = StaticKeys(ordered)
        self._loaded = self._monotonic()

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        """The public key; None where there is none of that name, 503 before the first was read."""
        if self.issuer is None:
            raise still_starting()
        await self.refresh(RELOAD_SECONDS)
        known = await self._keys.key(kid)
        if known is None:
            await self.refresh(RELOAD_UNKNOWN_SECONDS)
            known = await self._keys.key(kid)
        return known

    async def refresh(self, older_than: float = 0.0) -> None:
        """Read the keys again where they are older than so many seconds."""
        if self.issuer is None or self._age() < older_than:
            return
        async with self._lock:
            if self._age() < older_than:
                return
            try:
                async with self._runtime.db.read() as session:
                    keys = await read_keys(session, self._runtime)
            except CONNECT_ERRORS as error:
                raise database_unavailable() from error
            if keys:
                self.set(keys)

    def reload_after(self, uow: UnitOfWork) -> None:
        """Read the keys again once the unit of work has committed."""

        def committed(_session: Session) -> None:
            self._loaded = -math.inf
            self.on_gone()

        event.listen(uow.session.sync_session, "after_commit", committed, once=True)

    def _age(self) -> float:
        return self._monotonic() - self._loaded
