"""Types of request fields and query parameters that the features share."""

import re
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field
from sqlalchemy import ColumnElement, or_

_ADDRESS = re.compile(r"[^@\s<>,;:\"]{1,64}@[^@\s<>,;:\"]{1,255}")


def _record_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("this is not an id of ours") from None


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("this is not an e-mail address")
    return text.lower()


# An id inside a body or a query; in a path a malformed one is a 404 instead.
RecordId = Annotated[str, AfterValidator(_record_id)]
# An e-mail address, in lower case.
Address = Annotated[str, Field(max_length=320), AfterValidator(_address)]
QueryText = Annotated[str | None, Field(max_length=200)]
QueryId = RecordId | None


def matching(columns: Iterable[Any], q: str) -> ColumnElement[bool]:
    """The condition behind `q` of a list: it is a part of one of the texts."""
    pattern = contains(q)
    return or_(*(each.ilike(pattern, escape="\\") for each in columns))


def contains(text: str) -> str:
    """A LIKE pattern for `text` anywhere; escape character `\\`."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
