"""CSV as it is read and written."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_svc.transfer.rules import (
    MAX_ROWS,
    SheetRefusedError,
    guarded,
    read_sheet,
    text_of,
    unguarded,
    write_rows,
)

KNOWN = {"id", "name", "note"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_that_is_written_is_a_formula(start: str) -> None:
    for cell in (f"{start}1+1", f"'{start}1+1", start):
        assert guarded(cell)[0] == "'"
        assert unguarded(guarded(cell)) == cell
    assert guarded("'tis") == "'tis"
    assert unguarded("'tis") == "'tis"
    assert unguarded(f"{start}1") == f"{start}1"


@given(st.text(alphabet="'=+-@\t\r\nab \",;é", max_size=8))
@settings(max_examples=150)
def test_every_text_comes_back_as_it_was(text: str) -> None:
    written = write_rows([["name", "note"], ["x", text]])
    cells = list(csv.reader(io.StringIO(written, newline=""), strict=True))[1]
    assert not cells[1].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(cells[1]) == text


def test_values_have_one_form() -> None:
    moment = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    values = [None, True, False, 7, moment, date(2026, 11, 20)]
    assert [text_of(value) for value in values] == [
        "",
        "true",
        "false",
        "7",
        "2026-11-20T08:00:00Z",
        "2026-11-20",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"name,note\nACME,x\n",
        b"\xef\xbb\xbfName;Note\r\nACME;x\r\n",
        b' name , note \n"ACME","x"\n\n,,\n',
        b"note,name\nx,ACME",
        b"name,note\nAC\x00ME,x",
    ],
)
def test_files_of_different_programs_read_alike(body: bytes) -> None:
    (row,) = read_sheet(body, KNOWN).rows
    assert (row.number, row.cells, row.surplus) == (2, {"name": "ACME", "note": "x"}, False)


def test_rows_are_numbered_as_in_a_spreadsheet() -> None:
    sheet = read_sheet(b'name,note\na,"two\nlines"\n\nb\nc,1,2\n', KNOWN)
    assert [(row.number, row.cells["name"], row.surplus) for row in sheet.rows] == [
        (2, "a", False),
        (4, "b", False),
        (5, "c", True),
    ]
    assert sheet.rows[1].cells["note"] == ""


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "import_empty"),
        (b"\n\n", "import_empty"),
        (b"name\n\xff", "import_not_utf8"),
        (b"name,color\n", "column_unknown"),
        (b"name,\n", "column_unknown"),
        (b"name,NAME\n", "column_repeated"),
        (b'name\n"x"y\n', "import_malformed"),
        (b'name\n"x', "import_malformed"),
        (b"name\n" + b"x\n" * (MAX_ROWS + 1), "import_too_long"),
    ],
)
def test_what_is_no_such_file_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(SheetRefusedError) as refused:
        read_sheet(body, KNOWN)
    assert refused.value.code == code
