"""Cells of CSV files: nothing in them is a formula, and everything comes back as it was."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay_kit.cells import cell_of_json, guarded, text_of, unguarded, write_cells, write_rows

FORMULA = ("=", "+", "-", "@", "\t", "\r")
TEXT = st.text(alphabet="'=+-@\t\r\n\x00ab \",;é", max_size=8)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_that_is_written_is_a_formula(start: str) -> None:
    for cell in (f"{start}1+1", f"'{start}1+1", start):
        assert guarded(cell)[0] == "'"
        assert unguarded(guarded(cell)) == cell
    assert guarded("'tis") == "'tis"
    assert unguarded("'tis") == "'tis"
    assert unguarded(f"{start}1") == f"{start}1"


@given(TEXT)
@settings(max_examples=150)
def test_a_text_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    written = write_rows([[text, text]])
    (cells,) = csv.reader(io.StringIO(written, newline=""), strict=True)
    assert not any(cell.startswith(FORMULA) for cell in cells)
    assert [unguarded(cell) for cell in cells] == [text, text]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        # A number is to be summed up: it is not guarded, and no number is a formula.
        (-30, "-30"),
        (-0.5, "-0.5"),
        ("-30", "'-30"),
        ("=1+1", "'=1+1"),
        ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"),
        ([], "[]"),
        (["=1"], '["=1"]'),
        ({"tier": "é"}, '{"tier":"é"}'),
    ],
)
def test_a_value_of_json_has_one_form(value: Any, cell: str) -> None:
    assert cell_of_json(value) == cell


@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | TEXT, st.lists, max_leaves=4))
@settings(max_examples=100)
def test_whatever_json_holds_is_one_cell_that_is_no_formula(value: Any) -> None:
    (cells,) = csv.reader(
        io.StringIO(write_cells([[cell_of_json(value), "end"]]), newline=""), strict=True
    )
    assert cells[1:] == ["end"]
    if isinstance(value, list):
        assert orjson.loads(cells[0]) == value
    assert isinstance(value, int) or not cells[0].startswith(FORMULA)


def test_rows_end_with_crlf_and_quotes_are_doubled() -> None:
    assert write_cells([["a", 'b"c'], ["", "x,y"]]) == 'a,"b""c"\r\n,"x,y"\r\n'
    assert guarded("'tis") == unguarded("'tis") == "'tis"


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
