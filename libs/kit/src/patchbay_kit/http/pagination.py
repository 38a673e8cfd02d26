"""Keyset pages: as fast on the last page as on the first.

Cursors are signed, so only ours come back.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel
from sqlalchemy import ColumnElement, DateTime, Integer, Select, literal, tuple_
from sqlalchemy.types import TypeEngine

from patchbay_kit.db import UtcDateTime
from patchbay_kit.errors import ProblemError, invalid

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S", bound=Select[Any])

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_MAC_BYTES = 16

CursorValue = str | int | datetime


class Page(BaseModel, Generic[T]):
    """One page. `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the caller asked for: `after` are the sort values of the last item seen."""

    limit: int
    after: tuple[CursorValue, ...] | None
    secret: bytes

    def page(
        self,
        rows: Sequence[R],
        *,
        key: Callable[[R], tuple[CursorValue, ...]],
        item: Callable[[R], T],
    ) -> Page[T]:
        """Make the page of `limit` + 1 rows (see `keyset`); `key` gives a row's sort values."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        cursor = encode_cursor(key(shown[-1]), self.secret) if more and shown else None
        return Page(items=[item(row) for row in shown], next_cursor=cursor)


def keyset(
    statement: S,
    columns: Sequence[ColumnElement[Any] | Any],
    params: PageRequest,
    *,
    descending: bool = True,
) -> S:
    """Order by `columns`, start after the cursor, fetch one row more than the page holds.

    The columns must be NOT NULL, and the last one unique: it breaks ties.
    """
    if params.after is not None:
        kinds = [_kind(column.type) for column in columns]
        if [type(value) for value in params.after] != kinds:
            raise _invalid_cursor()  # It came from the same list in another order.
        here = tuple_(*columns)
        there = tuple_(
            *(
                literal(value, type_=column.type)
                for value, column in zip(params.after, columns, strict=True)
            )
        )
        statement = statement.where(here < there if descending else here > there)
    order = [column.desc() if descending else column.asc() for column in columns]
    return statement.order_by(*order).limit(params.limit + 1)


def encode_cursor(values: Sequence[CursorValue], secret: bytes) -> str:
    """An opaque, signed cursor."""
    payload = orjson.dumps(
        [{"t": value.isoformat()} if isinstance(value, datetime) else value for value in values]
    )
    return base64.urlsafe_b64encode(_mac(payload, secret) + payload).rstrip(b"=").decode()


def decode_cursor(cursor: str, secret: bytes) -> tuple[CursorValue, ...]:
    """The values of `encode_cursor`; 422 `cursor_invalid` for anything else."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise _invalid_cursor() from None
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(payload, secret)):
        raise _invalid_cursor()
    return tuple(
        datetime.fromisoformat(value["t"]) if isinstance(value, dict) else value
        for value in orjson.loads(payload)
    )


def _kind(column_type: TypeEngine[Any]) -> type[CursorValue]:
    if isinstance(column_type, UtcDateTime | DateTime):
        return datetime
    return int if isinstance(column_type, Integer) else str


def _mac(payload: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, payload, hashlib.sha256).digest()[:_MAC_BYTES]


def _invalid_cursor() -> ProblemError:
    return invalid(
        "cursor_invalid",
        "Not a cursor of this list",
        field="cursor",
        hint="Start again without a cursor.",
    )
