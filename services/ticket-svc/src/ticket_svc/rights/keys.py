"""API keys: what programs call with (S2-35).

A key is `pbk_<prefix>_<secret>`; the secret is 256 random bits. That is why a fast hash guards the
stored form: there is no list of likely secrets to try, and a slow one would cost every request.
"""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import Table, select, update

from patchbay_kit.auth import Principal
from patchbay_kit.auth.bearers import API_KEY_PREFIX
from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.errors import invalid
from patchbay_kit.ids import new_id
from ticket_svc.employees.giving import check_gift
from ticket_svc.rights.schemas import NewApiKey
from ticket_svc.rights.tables import ApiKey

_KEY: Table = ApiKey.__table__  # type: ignore[attr-defined]  # set by SQLModel

USED_AT_MOST_EVERY = timedelta(minutes=1)


def new_key() -> tuple[str, str]:
    """A key, and its beginning by which people tell keys apart."""
    hint = API_KEY_PREFIX + secrets.token_hex(4)
    return f"{hint}_{secrets.token_urlsafe(32)}", hint


def digest_of(key: str) -> str:
    """The stored form."""
    return hashlib.sha256(key.encode()).hexdigest()


async def create(uow: UnitOfWork, wanted: NewApiKey, caller: Principal) -> tuple[ApiKey, str]:
    """The new record, and the key that nobody can read again."""
    check_gift(caller, wanted.scopes, "/scopes")
    if wanted.expires_at is not None and wanted.expires_at <= uow.now:
        raise invalid("expiry_past", "The key would have expired already", field="/expires_at")
    key, hint = new_key()
    record = ApiKey(
        id=new_id(),
        name=wanted.name,
        digest=digest_of(key),
        hint=hint,
        scopes=sorted(set(wanted.scopes)),
        created_by=caller.actor,
        created_at=uow.now,
        expires_at=wanted.expires_at,
    )
    uow.session.add(record)
    await uow.session.flush()
    return record, key


async def revoke(uow: UnitOfWork, record: ApiKey) -> None:
    """From now on nobody gets in with it; it stays listed. Repeating it changes nothing."""
    if record.revoked_at is None:
        record.revoked_at = uow.now
        await uow.session.flush()


async def note_use(db: Database, key_id: str) -> None:
    """Write down that the key was used: once a minute is enough to see what is still in use."""
    now = db.clock()
    mine = _KEY.c.id == key_id
    used = await db.scalar(select(_KEY.c.last_used_at).where(mine))
    if used is not None and used > now - USED_AT_MOST_EVERY:
        return
    async with db.unit_of_work() as uow:
        await uow.session.execute(update(_KEY).where(mine).values(last_used_at=now))
