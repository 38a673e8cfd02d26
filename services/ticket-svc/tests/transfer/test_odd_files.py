"""No file, however odd, makes a server error or leaves half of itself behind."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay_kit.testing.harness import client
from ticket_svc.definition import SERVICE
from ticket_svc.transfer.accounts import AccountImporter
from ticket_svc.transfer.assets import AssetImporter
from ticket_svc.transfer.contacts import ContactImporter
from ticket_svc.transfer.rules import SheetRefusedError, read_sheet

CSV = {"Content-Type": "text/csv"}
ODD_CELLS = [
    "",
    "x",
    "%",
    "'; --",
    "'",
    "''=x",
    "=1+1",
    "01890000-0000-7000-8000-00000000000f",
    "{01890000-0000-7000-8000-00000000000f}",
    "İ😀",
    "a\nb",
    "x" * 2001,
    "-1",
    "1e999",
    "NaN",
    "9" * 40,
    "1_0",
    "true",
    "a@b",
    "\u2028\ufeff",
    "\x7f\x1f",
]


@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"name,note\n", b'name;note\n"', b"\xef\xbb\xbfid\n"]),
)
@settings(max_examples=150)
def test_any_bytes_are_rows_or_are_refused(body: bytes, header: bytes) -> None:
    refused = ""
    rows = []
    try:
        rows = read_sheet(header + body, {"id", "name", "note"}).rows
    except SheetRefusedError as error:
        refused = error.code
    assert refused.startswith(("import_", "column_")) or not refused
    assert all(row.number >= 2 and "\x00" not in "".join(row.cells.values()) for row in rows)


@pytest.fixture
def database_url(pg_url: str) -> str:
    """PostgreSQL alone: it refuses what SQLite takes."""
    return pg_url


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["accounts", "contacts", "assets"])
async def test_no_cell_makes_a_server_error(desk: Any, kind: str) -> None:
    importers = {
        "accounts": AccountImporter,
        "contacts": ContactImporter,
        "assets": AssetImporter,
    }
    record = importers[kind].record
    for field in ("text", "number", "flag", "date"):
        await desk.post("/v1/custom-fields", record=record, key=field, label=field, kind=field)
    account = await desk.account("ACME")
    columns = sorted(importers[kind].columns)
    columns += [f"custom.{field}" for field in ("text", "number", "flag", "date")]
    plain = {"name": "N", "account_id": account if kind != "accounts" else ""}
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", restval="")
    writer.writeheader()
    cells = [(column, cell) for column in columns for cell in ODD_CELLS]
    for number, (column, cell) in enumerate(cells):
        writer.writerow({**plain, "name": f"N{number}", column: cell})
    body = buffer.getvalue().encode()
    reports = []
    for params in ({"dry_run": True}, {"skip_errors": True}):
        answer = await desk.http.post(
            f"/v1/imports/{kind}", params=params, content=body, headers=CSV
        )
        assert answer.status_code == 200, answer.text
        reports.append(answer.json())
    dry, done = reports
    assert {**dry, "dry_run": False, "applied": True} == done
    assert done["created"] > 0
    assert done["failed"] > 0
    assert done["rows"] == sum(done[n] for n in ("created", "updated", "unchanged", "failed"))
    # What was taken is what the file said: it is exported, and changes nothing.
    exported = (await desk.http.get(f"/v1/exports/{kind}.csv")).content
    again = await desk.http.post(
        f"/v1/imports/{kind}", params={"dry_run": True}, content=exported, headers=CSV
    )
    report = again.json()
    assert (report["errors"], report["unchanged"]) == ([], report["rows"])


@pytest.mark.integration
async def test_an_import_that_is_repeated_in_pieces_ends_as_the_whole(desk: Any) -> None:
    rows = [f"Account {n},info{n}@acme.example" for n in range(6)]
    async with client(desk.runtime, SERVICE) as http:
        for part in (rows[:2], rows[1:4], rows):
            body = "\n".join(["name,email1", *part]).encode()
            answer = await http.post("/v1/imports/accounts", content=body, headers=CSV)
            assert answer.status_code == 200
    accounts = (await desk.get("/v1/accounts", q="Account "))["items"]
    assert sorted(each["name"] for each in accounts) == [f"Account {n}" for n in range(6)]
    assert {each["version"] for each in accounts} == {1}
