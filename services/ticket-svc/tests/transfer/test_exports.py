"""Every list as CSV: with its filters, for whom it is visible, and fit to be imported again."""

import csv
import io
from typing import Any

import pytest

from patchbay_kit.testing.harness import client
from ticket_svc.accounts.lists import AccountFilter
from ticket_svc.definition import SERVICE
from ticket_svc.transfer import exporting
from ticket_svc.transfer.listings import account_listing

CSV = {"Content-Type": "text/csv"}
LISTS = (
    *("accounts", "contacts", "assets", "locations", "departments", "employees"),
    *("tickets", "contracts", "charges", "tasks", "appointments"),
)


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


async def _fill(desk: Any) -> dict[str, str]:
    """One record of each kind; a ticket that the administrator does not manage."""
    for record in ("account", "contact", "asset"):
        await desk.post("/v1/custom-fields", record=record, key="tier", label="T", kind="number")
    mia = await desk.employee("Mia", "mia@desk.example")
    account = await desk.account("=ACME", phone="+1", note="two\nlines", custom_fields={"tier": -5})
    await desk.contact(account, "ann@acme.example", is_main=True, custom_fields={"tier": 1.5})
    place = (await desk.post("/v1/locations", account_id=account, name="Office"))["id"]
    branch = (await desk.post("/v1/locations", account_id=account, name="Branch"))["id"]
    team = (await desk.post("/v1/departments", account_id=account, name="Finance"))["id"]
    await desk.post(
        "/v1/assets", account_id=account, name="@SRV", location_id=branch, department_id=team
    )
    ticket = await desk.ticket(account, subject="-1", manager_id=mia)
    await desk.post("/v1/contracts", account_id=account, name="Support", kind="fixed")
    return {"account": account, "place": place, "ticket": ticket["id"], "mia": mia}


async def test_every_list_is_exported_and_none_of_it_is_a_formula(desk: Any) -> None:
    made = await _fill(desk)
    await desk.post("/v1/tasks", title="=now()", ticket_id=made["ticket"])
    await desk.post(
        "/v1/appointments",
        employee_id=made["mia"],
        ticket_id=made["ticket"],
        subject="Visit",
        starts_at="2026-12-01T08:00:00Z",
        ends_at="2026-12-01T09:00:00Z",
    )
    await desk.post(
        f"/v1/tickets/{made['ticket']}/charges", kind="work", minutes=30, description="+x"
    )
    for name in LISTS:
        answer = await desk.http.get(f"/v1/exports/{name}.csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
        rows = await _export(desk.http, name)
        assert rows, name
        cells = [cell for row in rows for cell in row.values()]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))], name
        if "account_id" in rows[0]:
            assert {row["account_id"] for row in rows} == {made["account"]}, name
        assert {row.get("account_name", "'=ACME") for row in rows} == {"'=ACME"}, name
    (ticket,) = await _export(desk.http, "tickets")
    assert (ticket["subject"], ticket["account"], ticket["manager"]) == ("'-1", "'=ACME", "Mia")
    employees = await _export(desk.http, "employees", q="mia")
    assert [row["permissions"] for row in employees] == ["desk"]
    assert "password" not in " ".join(employees[0])


async def test_what_is_exported_is_what_an_import_would_leave_as_it_is(desk: Any) -> None:
    await _fill(desk)
    for kind in ("accounts", "contacts", "assets"):
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
    open_one = await desk.ticket(acme, subject="Open")
    closed = await desk.ticket(acme, subject="Closed")
    await desk.post(f"/v1/tickets/{closed['id']}/complete")
    for params, expected in (
        ({"view": "open"}, [open_one["id"]]),
        ({"status": "completed"}, [closed["id"]]),
        ({"account_id": bolt}, []),
        ({"q": "closed"}, [closed["id"]]),
    ):
        assert [row["id"] for row in await _export(desk.http, "tickets", **params)] == expected
    refused = await desk.http.get("/v1/exports/tickets.csv", params={"view": "nothing"})
    assert refused.status_code == 422
    assert (await desk.http.get("/v1/exports/passwords.csv")).status_code == 404


@pytest.mark.covers("S2-30")
async def test_nobody_exports_what_they_may_not_see(desk: Any) -> None:
    made = await _fill(desk)
    await desk.post("/v1/tasks", title="x", ticket_id=made["ticket"])
    await desk.post(
        f"/v1/tickets/{made['ticket']}/charges", kind="work", minutes=30, description="x"
    )
    async with client(desk.runtime, SERVICE, permissions={"desk"}) as http:
        for name in ("tickets", "charges", "tasks", "appointments"):
            assert await _export(http, name) == [], name
        assert len(await _export(http, "accounts")) == 2
        employees = await http.get("/v1/exports/employees.csv")
        assert (employees.status_code, employees.json()["permission"]) == (403, "employees.admin")
    async with client(desk.runtime, SERVICE, permissions={"desk", "tickets.all"}) as http:
        assert len(await _export(http, "tickets")) == 1


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
