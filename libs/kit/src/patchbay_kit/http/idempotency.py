"""`Idempotency-Key` on POST: the answer is stored in the transaction of the effect and given again
to a repetition.

A key belongs to one caller, method and path. A second request with the same key waits for the
first; when that rolls back, the second takes effect. Answers with status and body are kept; errors
that raise are not, so they can be repeated with the same key.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from fastapi import Request, Response
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from patchbay_kit.db import Claims, UnitOfWork
from patchbay_kit.db.driver import dialect_insert
from patchbay_kit.db.failures import sqlstate
from patchbay_kit.db.tables import idempotency_key
from patchbay_kit.errors import ProblemError, conflict, invalid

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_KEPT_BYTES = 1_000_000
_KEPT_HEADERS = ("content-type", "location", "etag")
_LOCK_NOT_AVAILABLE = "55P03"
# Marks a row whose response could not be kept: the effect is there, the answer is not.
_NOT_KEPT = ""


@dataclass(slots=True)
class Claim:
    """The key is ours (`replay` is None), or the earlier answer."""

    unit: UnitOfWork
    scope: str
    key: str
    replay: Response | None = None

    async def keep(self, response: Response) -> None:
        """Store the response for repetitions, in the running transaction."""
        headers, body = _kept(response)
        values = {"status": response.status_code, "headers": headers, "body": body}
        mine = idempotency_key.c.scope == self.scope, idempotency_key.c.key == self.key
        await self.unit.session.execute(update(idempotency_key).where(*mine).values(values))


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request with a key."""

    scope: str
    key: str
    fingerprint: str

    @property
    def name(self) -> tuple[str, str]:
        """What there may be once in a transaction, whatever is asked for under it."""
        return self.scope, self.key

    def answered(self, response: Response, now: datetime) -> dict[str, Any]:
        """The row that claims the key and keeps the response at once, as `insert_many` takes it."""
        headers, body = _kept(response)
        return {
            "scope": self.scope,
            "key": self.key,
            "request_hash": self.fingerprint,
            "status": response.status_code,
            "headers": headers,
            # PostgreSQL reads bytes in JSON as it reads them in text.
            "body": f"\\x{body.hex()}",
            "created_at": now,
        }


def keyed(request: Request, *, actor: str | None, key: str, body: bytes) -> Keyed:
    """For routes that claim the key with what it leads to; where it is not theirs, `claim` says
    why.
    """
    return Keyed(_scope(actor, request), key, _fingerprint(request, body))


def claims_of(rows: Mapping[str, dict[str, Any]]) -> Claims:
    """Of rows of `Keyed.answered` by the id that comes with each. In the order of their keys, or
    two that claim the same ones might wait for each other.
    """
    ids = sorted(rows, key=lambda each: (rows[each]["scope"], rows[each]["key"]))
    return Claims(idempotency_key, ("scope", "key"), ids, [rows[each] for each in ids])


def _kept(response: Response) -> tuple[str, bytes]:
    """Headers and body as they are stored."""
    body = getattr(response, "body", None)
    if not isinstance(body, bytes) or not _is_keepable(response, body):
        return _NOT_KEPT, b""
    named = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return orjson.dumps(named).decode(), body


def idempotency_key_of(request: Request) -> str | None:
    """The request's key; None where there is none or the method is not POST; 422 for a bad one."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return None
    if not 1 <= len(key) <= 255 or not all(" " <= letter <= "~" for letter in key):
        raise invalid(
            "idempotency_key_invalid",
            "Not a usable idempotency key",
            field=HEADER,
            detail="It must have 1 to 255 printable ASCII characters.",
            hint="Send a fresh UUID for each operation.",
        )
    return key


async def claim(
    unit: UnitOfWork, request: Request, *, actor: str | None, key: str, body: bytes
) -> Claim:
    """Take the key inside the unit of work, or find what it led to.

    409 `idempotency_in_progress` after waiting for the lock time-out, 422 `idempotency_key_reused`
    for another request.
    """
    claimed = Claim(unit, _scope(actor, request), key)
    fingerprint = _fingerprint(request, body)
    if await _insert(claimed, fingerprint):
        return claimed
    found = (
        await unit.session.execute(
            select(idempotency_key).where(
                idempotency_key.c.scope == claimed.scope, idempotency_key.c.key == key
            )
        )
    ).one_or_none()
    if found is None:
        raise _in_progress()
    if found.request_hash != fingerprint:
        raise invalid(
            "idempotency_key_reused",
            "The idempotency key belongs to another request",
            field=HEADER,
            hint="Use a fresh key for each operation.",
        )
    if found.headers == _NOT_KEPT:
        raise conflict(
            "idempotency_not_replayable",
            "The request was carried out already",
            detail="Its response was too large or too secret to be kept.",
            hint="Read the result from the resource itself.",
        )
    headers = {**orjson.loads(found.headers), REPLAYED: "true"}
    claimed.replay = Response(found.body, found.status, headers=headers)
    return claimed


async def _insert(claimed: Claim, fingerprint: str) -> bool:
    session = claimed.unit.session
    row = {
        "scope": claimed.scope,
        "key": claimed.key,
        "request_hash": fingerprint,
        "status": 0,
        "headers": _NOT_KEPT,
        "body": b"",
        "created_at": claimed.unit.now,
    }
    statement = dialect_insert(session, idempotency_key).values(row).on_conflict_do_nothing()
    with waiting_for_key():
        result = await session.execute(statement.returning(idempotency_key.c.key))
    return result.one_or_none() is not None


@contextmanager
def waiting_for_key() -> Iterator[None]:
    """Around a claim, which waits while another transaction holds the same key: 409
    `idempotency_in_progress` after the lock time-out.
    """
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) == _LOCK_NOT_AVAILABLE:
            raise _in_progress() from error
        raise


def _is_keepable(response: Response, body: bytes) -> bool:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    secret = "no-store" in response.headers.get("cache-control", "")
    return (is_json or not body) and len(body) <= MAX_KEPT_BYTES and not secret


def _scope(actor: str | None, request: Request) -> str:
    scope = f"{actor or 'anonymous'} {request.method} {request.scope['path']}"
    if len(scope) <= 300:
        return scope
    return hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest()


def _fingerprint(request: Request, body: bytes) -> str:
    digest = hashlib.sha256(request.scope.get("query_string", b""))
    digest.update(b"\n")
    digest.update(body)
    return digest.hexdigest()


def _in_progress() -> ProblemError:
    return conflict(
        "idempotency_in_progress",
        "The first request with this key is still running",
        hint="Repeat in a few seconds with the same key.",
    )
