"""Importing accounts, contacts and assets from CSV."""

from typing import Any

import pytest

from patchbay_contracts import AccountCreated, AccountRenamed, AccountUpdated, ContactUpdated
from patchbay_kit.testing.harness import client
from ticket_svc.definition import SERVICE

MISSING = "01890000-0000-7000-8000-00000000000f"
CSV = {"Content-Type": "text/csv; charset=utf-8"}


async def _send(desk: Any, kind: str, *rows: str, **params: Any) -> Any:
    headers = {**CSV, **params.pop("headers", {})}
    body = "\n".join(rows).encode()
    return await desk.http.post(f"/v1/imports/{kind}", content=body, params=params, headers=headers)


async def _import(desk: Any, kind: str, *rows: str, **params: Any) -> Any:
    answer = await _send(desk, kind, *rows, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _counts(report: Any) -> tuple[int, int, int, int]:
    return report["created"], report["updated"], report["unchanged"], report["failed"]


async def _errors(desk: Any, kind: str, *rows: str) -> list[tuple[int, str | None, str]]:
    """Row, column and code of each error; the dry run and the import must say the same."""
    dry = await _import(desk, kind, *rows, dry_run=True)
    failed = await _send(desk, kind, *rows)
    assert (failed.status_code, failed.json()["code"]) == (422, "import_failed")
    report = failed.json()["report"]
    assert report == {**dry, "dry_run": False}
    return [(each["row"], each["column"], each["code"]) for each in report["errors"]]


async def test_accounts_are_created_updated_and_left_by_id_or_by_their_name(desk: Any) -> None:
    acme, bolt = await desk.account("ACME", phone="1"), await desk.account("Bolt", note="x")
    rows = (
        "id;Name;phone;note;email1",
        f"{acme};ACME Ltd;'+1;;",
        ";Bolt;;x;",
        ';Cora;+3;Say "hello";info@cora.example',
    )
    dry = await _import(desk, "accounts", *rows, dry_run=True)
    assert (_counts(dry), dry["applied"], dry["rows"]) == ((1, 1, 1, 0), False, 3)
    assert (await desk.get(f"/v1/accounts/{acme}"))["name"] == "ACME"
    assert (await desk.get("/v1/accounts", q="Cora"))["items"] == []
    assert await desk.events(AccountUpdated) == []
    done = await _import(desk, "accounts", *rows)
    assert done == {**dry, "dry_run": False, "applied": True}
    changed = await desk.get(f"/v1/accounts/{acme}")
    assert (changed["name"], changed["phone"], changed["version"]) == ("ACME Ltd", "+1", 3)
    assert (await desk.get(f"/v1/accounts/{bolt}"))["version"] == 1
    (cora,) = (await desk.get("/v1/accounts", q="Cora"))["items"]
    assert (cora["phone"], cora["email1"]) == ("+3", "info@cora.example")
    assert len(await desk.events(AccountRenamed)) == 1
    (updated,) = await desk.events(AccountUpdated)
    assert updated.data.changed == ["auto_created", "name", "phone"][1:]
    again = await _import(desk, "accounts", *rows)
    assert _counts(again) == (0, 0, 3, 0)


async def test_one_bad_row_leaves_everything_as_it_was_unless_it_is_skipped(desk: Any) -> None:
    rows = ("name,email1", "ACME,info@acme.example", "Bolt,nonsense", ",x@bolt.example")
    assert await _errors(desk, "accounts", *rows) == [
        (3, "email1", "value_invalid"),
        (4, "name", "value_missing"),
    ]
    assert (await desk.get("/v1/accounts", q="ACME"))["items"] == []
    before = len(await desk.events(AccountCreated))
    skipped = await _import(desk, "accounts", *rows, skip_errors=True)
    assert (_counts(skipped), skipped["applied"]) == ((1, 0, 0, 2), True)
    assert len((await desk.get("/v1/accounts", q="ACME"))["items"]) == 1
    assert len(await desk.events(AccountCreated)) == before + 1


async def test_an_import_with_a_key_takes_effect_once(desk: Any) -> None:
    headers = {"Idempotency-Key": "import-1"}
    rows = ("name", "ACME")
    first = await _send(desk, "accounts", *rows, headers=headers)
    second = await _send(desk, "accounts", *rows, headers=headers)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len((await desk.get("/v1/accounts", q="ACME"))["items"]) == 1
    other = await _send(desk, "accounts", "name", "Bolt", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_rows_that_cannot_be_are_named_with_column_and_reason(desk: Any) -> None:
    await desk.patch("/v1/settings", support_address="support@desk.example")
    await desk.post("/v1/custom-fields", record="account", key="tier", label="T", kind="number")
    twin, _ = await desk.account("Twin"), await desk.account("Twin")
    assert await _errors(
        desk,
        "accounts",
        "id,name,manager_id,email1,website,custom.tier",
        f"{MISSING},A,,,,",
        "x,B,,,,",
        ",Twin,,,,",
        f"{twin},Twin,,,,",
        f"{twin},Twin 2,,,,",
        f",C,{MISSING},,,",
        ",D,x,,,",
        ",E,,support@desk.example,,",
        ",F,,,javascript:x,",
        ",G,,,,one",
        ",H,,,,1,surplus",
        ",I,,,,",
        ",I,,,,",
    ) == [
        (2, "id", "account_unknown"),
        (3, "id", "id_invalid"),
        (4, "name", "account_ambiguous"),
        (6, "name", "row_repeated"),
        (7, "manager_id", "manager_unknown"),
        (8, "manager_id", "value_invalid"),
        (9, "email1", "support_address_taken"),
        (10, "website", "value_invalid"),
        (11, "custom.tier", "custom_field_invalid"),
        (12, None, "row_too_long"),
        (14, "name", "row_repeated"),
    ]


async def test_contacts_are_found_in_their_account_by_address_or_name(desk: Any) -> None:
    acme, bolt = await desk.account("ACME"), await desk.account("Bolt")
    ann = await desk.contact(acme, "ann@acme.example", is_main=True)
    ben = (await desk.post("/v1/contacts", account_id=acme, name="Ben"))["id"]
    report = await _import(
        desk,
        "contacts",
        "id,account_id,account_name,name,email1,is_main,title",
        f",{acme},,Ann Jones,ANN@acme.example,,Owner",
        ",,ACME,Ben,,yes,",
        f",{bolt},,Ben,,true,",
        f",{bolt},,Cat,cat@bolt.example,,",
    )
    assert _counts(report) == (2, 2, 0, 0)
    shown = await desk.get(f"/v1/accounts/{acme}")
    assert shown["main_contact"]["id"] == ben
    assert [(each["id"], each["name"]) for each in shown["secondary_contacts"]] == [
        (ann, "Ann Jones")
    ]
    other = await desk.get(f"/v1/accounts/{bolt}")
    assert other["main_contact"]["name"] == "Ben"
    told = [(e.subject, e.data.changed) for e in await desk.events(ContactUpdated)]
    assert (ann, ["is_main"]) in told
    assert await _errors(
        desk,
        "contacts",
        "id,account_id,account_name,name,is_main",
        f"{ann},{bolt},,Ann,",
        ",,,Dan,",
        ",,Nobody,Dan,",
        f",{acme},,Dan,perhaps",
        f",{MISSING},,Dan,",
    ) == [
        (2, "account_id", "contact_of_other_account"),
        (3, "account_id", "value_missing"),
        (4, "account_name", "account_unknown"),
        (5, "is_main", "value_invalid"),
        (6, "account_id", "account_unknown"),
    ]


async def test_assets_are_found_by_serial_number_or_name_and_placed_by_name(desk: Any) -> None:
    acme = await desk.account("ACME")
    office = (await desk.post("/v1/locations", account_id=acme, name="Office"))["id"]
    finance = (await desk.post("/v1/departments", account_id=acme, name="Finance"))["id"]
    server = (await desk.post("/v1/assets", account_id=acme, name="A", serial_number="S1"))["id"]
    laptop = (await desk.post("/v1/assets", account_id=acme, name="B", note="old"))["id"]
    rows = (
        "account_name,name,serial_number,location,department,note",
        "ACME,SRV,S1,Office,Finance,x",
        "ACME,B,,,,",
        "ACME,C,S3,,,",
    )
    assert _counts(await _import(desk, "assets", *rows)) == (1, 2, 0, 0)
    placed = await desk.get(f"/v1/assets/{server}")
    assert (placed["name"], placed["location_id"], placed["department_id"]) == (
        "SRV",
        office,
        finance,
    )
    assert (await desk.get(f"/v1/assets/{laptop}"))["note"] == ""
    assert _counts(await _import(desk, "assets", *rows)) == (0, 0, 3, 0)
    cleared = ("id,location", f"{server},")
    assert _counts(await _import(desk, "assets", *cleared)) == (0, 1, 0, 0)
    assert (await desk.get(f"/v1/assets/{server}"))["location_id"] is None
    bolt = await desk.account("Bolt")
    foreign = (await desk.post("/v1/departments", account_id=bolt, name="Sales"))["id"]
    await desk.post("/v1/locations", account_id=acme, name="Office")
    assert await _errors(
        desk,
        "assets",
        "account_id,name,location,department_id",
        f"{acme},X,Nowhere,",
        f"{acme},Y,Office,",
        f"{acme},Z,,{foreign}",
    ) == [
        (2, "location", "location_unknown"),
        (3, "location", "location_ambiguous"),
        (4, "department_id", "department_of_other_account"),
    ]


async def test_nothing_is_imported_into_an_archived_account(desk: Any) -> None:
    account = await desk.account()
    await desk.post(f"/v1/accounts/{account}/archive")
    rows = ("account_id,name", f"{account},x")
    for kind in ("contacts", "assets"):
        assert await _errors(desk, kind, *rows) == [(2, "account_id", "account_archived")]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"name\nx", {"Content-Type": "application/json"}, 415, "unsupported_media_type"),
        (b"", CSV, 422, "import_empty"),
        (b"name,color\nx,red", CSV, 422, "column_unknown"),
        (b"name\n\xff", CSV, 422, "import_not_utf8"),
        (b"name\n" + b"x" * 5_000_001, CSV, 413, "body_too_large"),
    ],
)
async def test_what_cannot_be_read_is_refused_as_a_whole(
    desk: Any, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await desk.http.post("/v1/imports/accounts", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_who_administers_records_imports(desk: Any) -> None:
    async with client(desk.runtime, SERVICE, permissions={"desk"}) as http:
        answer = await http.post("/v1/imports/accounts", content=b"name\nx", headers=CSV)
        assert (answer.status_code, answer.json()["permission"]) == (403, "records.admin")
