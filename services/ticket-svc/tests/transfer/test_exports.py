"""What can be imported as CSV: with the filters of its list, and fit to be imported again."""

import csv
import io
from typing import Any

import pytest

from ticket_svc.accounts.lists import AccountFilter
from ticket_svc.transfer import exporting
from ticket_svc.transfer.listings import account_listing

CSV = {"Content-Type": "text/csv"}
KINDS = ("accounts", "contacts", "assets")


async def _export(http: Any, name: str, **params: Any) -> list[dict[str, str]]:
    answer = await http.get(f"/v1/exports/{name}.csv", params=params)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


async def _dry_run(desk: Any, kind: str, text: str) -> Any:
    answer = await desk.http.post(
        f"/v1/imports/{kind}", params={"dry_run": True}, content=text.encode(), headers=CSV
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _fill(desk: Any) -> str:
    """A few records of each kind, one of each in everything that an export can hold."""
    for record in ("account", "contact", "asset"):
        await desk.post("/v1/custom-fields", record=record, key="tier", label="T", kind="number")
    account = await desk.account("=ACME", phone="+1", note="two\nlines", custom_fields={"tier": -5})
    await desk.contact(account, "ann@acme.example", is_main=True, custom_fields={"tier": 1.5})
    await desk.post("/v1/locations", account_id=account, name="Office")
    branch = (await desk.post("/v1/locations", account_id=account, name="Branch"))["id"]
    team = (await desk.post("/v1/departments", account_id=account, name="Finance"))["id"]
    await desk.post(
        "/v1/assets", account_id=account, name="@SRV", location_id=branch, department_id=team
    )
    return str(account)


async def test_what_can_be_imported_is_exported_and_none_of_it_is_a_formula(desk: Any) -> None:
    account = await _fill(desk)
    for name in KINDS:
        answer = await desk.http.get(f"/v1/exports/{name}.csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
        rows = await _export(desk.http, name)
        assert rows, name
        cells = [cell for row in rows for cell in row.values()]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))], name
        if "account_id" in rows[0]:
            assert {row["account_id"] for row in rows} == {account}, name
        assert {row.get("account_name", "'=ACME") for row in rows} == {"'=ACME"}, name
    (asset,) = await _export(desk.http, "assets")
    assert (asset["location"], asset["department"]) == ("Branch", "Finance")
    (contact,) = await _export(desk.http, "contacts")
    assert contact["custom.tier"] == "1.5"


async def test_what_is_exported_is_what_an_import_would_leave_as_it_is(desk: Any) -> None:
    await _fill(desk)
    for kind in KINDS:
        text = (await desk.http.get(f"/v1/exports/{kind}.csv")).text
        report = await _dry_run(desk, kind, text)
        assert (report["errors"], report["rows"]) == ([], report["unchanged"]), kind
        assert report["rows"] >= 1


async def test_exports_have_the_filters_of_their_lists(desk: Any) -> None:
    acme, bolt = await desk.account("ACME"), await desk.account("Bolt")
    await desk.contact(acme, "ann@acme.example")
    await desk.contact(bolt, "ben@bolt.example")
    await desk.post(f"/v1/accounts/{bolt}/archive")
    assert [row["id"] for row in await _export(desk.http, "accounts", archived=True)] == [bolt]
    assert [row["id"] for row in await _export(desk.http, "accounts", q="acm")] == [acme]
    contacts = await _export(desk.http, "contacts", account_id=bolt)
    assert [(row["email1"], row["account_name"]) for row in contacts] == [
        ("ben@bolt.example", "Bolt")
    ]
    refused = await desk.http.get("/v1/exports/contacts.csv", params={"account_id": "none"})
    assert refused.status_code == 422
    assert (await desk.http.get("/v1/exports/passwords.csv")).status_code == 404


async def test_a_long_list_is_exported_whole_a_page_at_a_time(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 3)
    names = [f"Account {n:02}" for n in range(10)]
    for name in names:
        await desk.account(name)
    rows = await _export(desk.http, "accounts", q="Account")
    assert [row["name"] for row in reversed(rows)] == names
    sizes = [
        len(batch)
        async for batch in exporting._batches(
            desk.runtime.db, account_listing(AccountFilter(q="Account"))
        )
    ]
    assert sizes == [3, 3, 3, 1]
