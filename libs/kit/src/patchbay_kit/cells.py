"""Cells of CSV files (RFC 4180). Pure.

What a spreadsheet would take for a formula is written with an apostrophe before it, and reading
takes that away again: every text comes back as it was.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import orjson

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def write_rows(rows: Iterable[Sequence[Any]]) -> str:
    """The rows as CSV, each cell as `text_of` gives it, and every cell guarded."""
    return write_cells([guarded(text_of(value)) for value in row] for row in rows)


def write_cells(rows: Iterable[Sequence[str]]) -> str:
    """The rows as CSV, the cells as they are; rows end with CRLF."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def text_of(value: Any) -> str:
    """A value as a cell: empty for None, ISO 8601 for days and times in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def cell_of_json(value: Any) -> str:
    """A value that was JSON as a cell: texts guarded, lists and objects as JSON again.

    A number is written as it is: no number is a formula, and -5 is to be summed up.
    """
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return text_of(value)


def guarded(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell without the apostrophe of `guarded`."""
    return cell[1:] if _GUARDED.match(cell) else cell
