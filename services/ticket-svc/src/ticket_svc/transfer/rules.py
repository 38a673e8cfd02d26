"""CSV as we read it (RFC 4180); `patchbay_kit.cells` writes it. Pure."""

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from patchbay_kit.cells import unguarded

MAX_ROWS = 10_000
CUSTOM = "custom."
_DELIMITERS = (",", ";")


class SheetRefusedError(ValueError):
    """A file that cannot be read as a whole: `code` for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row as spreadsheets number it: the header is the first. `surplus`: it has more cells than
    the header.
    """

    number: int
    cells: dict[str, str]
    surplus: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read: its columns in order, and the rows that are not empty."""

    columns: tuple[str, ...]
    rows: list[SheetRow]


def read_sheet(body: bytes, known: Collection[str]) -> Sheet:
    """The rows of a file in UTF-8, with or without a byte order mark, separated by `,` or `;`.

    SheetRefusedError for what is no such file, for more than MAX_ROWS rows, and for a column that
    is not `known` or comes twice.
    """
    try:
        text = body.decode("utf-8-sig").replace("\x00", "")
    except UnicodeDecodeError:
        raise SheetRefusedError("import_not_utf8", "The file is not in UTF-8.") from None
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        columns = _header(next(lines, []), known)
        return Sheet(columns, _rows(lines, columns))
    except csv.Error as error:
        raise SheetRefusedError("import_malformed", f"The file is not CSV: {error}.") from None


def _delimiter(text: str) -> str:
    """Of the header line, the one that makes more columns; names of columns hold neither."""
    header = text.lstrip("\r\n").splitlines()[:1]
    return max(_DELIMITERS, key=lambda each: header[0].count(each) if header else 0)


def _header(cells: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    columns = tuple(cell.strip().lower() for cell in cells)
    if not any(columns):
        raise SheetRefusedError("import_empty", "The file has no header.")
    for number, column in enumerate(columns):
        if column not in known:
            raise SheetRefusedError(
                "column_unknown",
                f"There is no column {column[:60]!r}. There are: {', '.join(sorted(known))}.",
            )
        if column in columns[:number]:
            raise SheetRefusedError("column_repeated", f"The column {column!r} comes twice.")
    return columns


def _rows(lines: Iterable[list[str]], columns: tuple[str, ...]) -> list[SheetRow]:
    rows: list[SheetRow] = []
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) == MAX_ROWS:
            raise SheetRefusedError(
                "import_too_long", f"An import has at most {MAX_ROWS} rows: split the file."
            )
        filled = cells + [""] * (len(columns) - len(cells))
        values = {
            name: unguarded(cell).strip() for name, cell in zip(columns, filled, strict=False)
        }
        rows.append(SheetRow(number, values, surplus=any(filled[len(columns) :])))
    return rows
