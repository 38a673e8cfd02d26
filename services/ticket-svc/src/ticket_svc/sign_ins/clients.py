"""Failures to sign in by where they come from: too many stop the client, whatever the addresses.

Promise: counted before the password is looked at and in one statement, so that attempts at once are
no more guesses than one after another, in all replicas together. Who signs in takes back their own
attempt and nobody else's.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Table, bindparam, case, delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork, UtcDateTime
from patchbay_kit.db.driver import dialect_insert, is_postgres
from patchbay_kit.errors import ProblemError
from ticket_svc.sign_ins.tables import SignInClient

_CLIENT: Table = SignInClient.__table__  # type: ignore[attr-defined]  # set by SQLModel

_TAKING_BACK = (
    update(_CLIENT)
    .where(_CLIENT.c.client_digest == bindparam("digest"), _CLIENT.c.failures > 0)
    .values(failures=_CLIENT.c.failures - 1)
)
_COUNTING: dict[bool, Any] = {}

WINDOW = timedelta(minutes=15)
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Client:
    """Where an attempt comes from, and how many may fail in a WINDOW."""

    digest: str
    most: int


def client_of(host: str | None, most: int) -> Client | None:
    """The client at an address, as trusted proxies tell it; None where nothing is counted."""
    if most == 0 or host is None:
        return None
    name = network_of(host)
    return Client(hashlib.sha256(f"client {name}".encode("utf-8", "replace")).hexdigest(), most)


def network_of(host: str) -> str:
    """The IPv4 address, or the 64 bits of an IPv6 address that somebody has for themselves."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:MAX_NAME]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{ipaddress.IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)


async def count_client(uow: UnitOfWork, client: Client | None) -> datetime | None:
    """Count an attempt; when the client may go on, where it has to wait."""
    if client is None:
        return None
    given = {
        "digest": client.digest,
        "now": uow.now,
        "over": uow.now - WINDOW,
        "most": client.most + 1,
    }
    row = (await uow.session.execute(_counting(uow.session), given)).one()
    if row.failures <= client.most:
        return None
    since: datetime = row.counted_since
    return since + WINDOW


def _counting(session: AsyncSession) -> Any:
    """The statement that counts, built once a dialect."""
    postgres = is_postgres(session)
    if postgres not in _COUNTING:
        failures, since = _CLIENT.c.failures, _CLIENT.c.counted_since
        most = bindparam("most", type_=Integer)
        over = since <= bindparam("over", type_=UtcDateTime)
        now = bindparam("now", type_=UtcDateTime)
        _COUNTING[postgres] = (
            dialect_insert(session, _CLIENT)
            .values(client_digest=bindparam("digest"), failures=1, counted_since=now)
            .on_conflict_do_update(
                index_elements=[_CLIENT.c.client_digest],
                set_={
                    "failures": case((over, 1), (failures < most, failures + 1), else_=most),
                    "counted_since": case((over, now), else_=since),
                },
            )
            .returning(failures, since)
        )
    return _COUNTING[postgres]


async def take_back(session: AsyncSession, client: Client | None) -> None:
    """The attempt was none of somebody who guesses."""
    if client is not None:
        await session.execute(_TAKING_BACK, {"digest": client.digest})


async def forget_clients(uow: UnitOfWork) -> None:
    """Remove clients whose failures do not count any more."""
    old = _CLIENT.c.counted_since <= uow.now - WINDOW
    await uow.session.execute(delete(_CLIENT).where(old))


def client_locked(left: timedelta) -> ProblemError:
    """429, with the seconds to wait."""
    return ProblemError(
        429,
        "client_locked",
        "Too many failed attempts from your network",
        hint="Wait a quarter of an hour.",
        headers={"Retry-After": str(max(1, int(left.total_seconds())))},
    )
