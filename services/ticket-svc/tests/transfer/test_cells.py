"""CSV as it is read."""

import pytest

from ticket_svc.transfer.rules import MAX_ROWS, SheetRefusedError, read_sheet

KNOWN = {"id", "name", "note"}


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
