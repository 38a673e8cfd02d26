"""Every list of the desk as CSV: the rows that its viewer is given as JSON, and no others."""

import csv
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from patchbay_kit.http.lists_as_csv import ListRoute
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.apps import app_of
from patchbay_kit.testing.harness import client, make_principal, make_runtime
from ticket_svc.definition import SERVICE

CSV = {"Accept": "text/csv"}
SLOT = {"starts_at": "2026-12-01T08:00:00Z", "ends_at": "2026-12-01T09:00:00Z"}
ADMIN = {"admin_email": "admin@desk.example", "admin_password": "a long enough password"}
HIDDEN = "zebra"
# What the administrator has none of: nothing is merged, no mail came, messages went to others.
EMPTY = {
    "/v1/messages",
    "/v1/account-merges",
    "/v1/dead-letters/ticket-svc",
    "/v1/mail-decisions",
    "/v1/tickets/{ticket}/merges",
}
OF_TICKETS = (
    *("/v1/tickets", "/v1/charges", "/v1/tasks", "/v1/appointments"),
    *(
        f"/v1/tickets/{{ticket}}/{part}"
        for part in ("charges", "tasks", "appointments", "documents", "history", "messages")
    ),
)


@pytest.fixture
async def runtime(database_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    """With a folder for files."""
    async with make_runtime(SERVICE, database_url, blob_dir=tmp_path / "blobs", **ADMIN) as built:
        yield built


async def _rows(http: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, str]]:
    answer = await http.get(path, params=params, headers=CSV)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


async def _fill(desk: Any) -> dict[str, str]:
    """Something in every list, on a ticket that the administrator does not manage."""
    mia = await desk.employee("Mia", "mia@desk.example")
    account = await desk.account("=ACME", phone="+1", custom_fields={})
    await desk.contact(account, "ann@acme.example", is_main=True)
    for path in ("/v1/locations", "/v1/departments", "/v1/assets"):
        await desk.post(path, account_id=account, name="@place")
    await desk.post("/v1/contracts", account_id=account, name="-Support", kind="fixed")
    await desk.post("/v1/custom-fields", record="asset", key="tier", label="=T", kind="number")
    group = (await desk.post("/v1/privilege-groups", name="+Dispatch", permissions=["desk"]))["id"]
    await desk.http.put(f"/v1/privilege-groups/{group}/members/{mia}")
    await desk.post("/v1/api-keys", name="=key", scopes=["desk"])
    await desk.post("/v1/views", name="@mine", filter={"status": "new"}, shared=True)
    ticket = (await desk.ticket(account, subject=f"-{HIDDEN}", manager_id=mia))["id"]
    other = (await desk.ticket(account, subject=HIDDEN, manager_id=mia))["id"]
    part = f"/v1/tickets/{ticket}"
    await desk.post(f"{part}/relations", ticket=other)
    await desk.post(f"{part}/notes", text=f"={HIDDEN}", public=False)
    await desk.post(f"{part}/notes", text="=welcome", public=True)
    await desk.post(f"{part}/tasks", title=f"={HIDDEN}()")
    await desk.post(f"{part}/appointments", employee_id=mia, subject=HIDDEN, **SLOT)
    await desk.post(f"{part}/charges", kind="work", minutes=30, description=f"+{HIDDEN}")
    await desk.post(f"{part}/messages", to=[{"employee_id": mia}], text=f"@{HIDDEN}")
    for name in (f"={HIDDEN}.txt", "-public.txt"):
        public = {"public": "true"} if name.startswith("-") else {}
        made = await desk.http.post(
            f"{part}/documents", params={"name": name, **public}, content=b"a"
        )
        assert made.status_code == 201, made.text
    await desk.http.post(f"/v1/accounts/{account}/documents", params={"name": "=a"}, content=b"a")
    return {"account_id": account, "ticket": ticket, "group_id": group, "mia": mia}


def _lists(runtime: Any, of: str = "") -> Iterator[ListRoute]:
    with app_of(SERVICE, runtime) as app:
        for route in app.router.routes:
            if isinstance(route, ListRoute) and route.columns and route.path.startswith(of):
                yield route


def _path(template: str, made: dict[str, str]) -> str:
    for name, value in made.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def _flat(item: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        yield f"{above}{name}", value


async def _listed(http: httpx.AsyncClient, route: ListRoute, path: str) -> list[dict[str, Any]]:
    params = {"limit": 200} if "limit" in route.query_names else {}
    body = (await http.get(path, params=params)).json()
    return list(body if isinstance(body, list) else body["items"])


async def test_every_list_is_csv_with_the_rows_of_the_list_and_none_is_a_formula(
    desk: Any,
) -> None:
    made = await _fill(desk)
    routes = [each for each in _lists(desk.runtime) if not each.path.startswith("/v1/portal")]
    assert len(routes) >= 30
    for route in routes:
        path = _path(route.path, made)
        rows = await _rows(desk.http, path)
        listed = await _listed(desk.http, route, path)
        assert len(rows) == len(listed), path
        assert bool(rows) == (route.path not in EMPTY), path
        for row, item in zip(rows, listed, strict=True):
            assert list(row) == list(route.columns.names), path  # type: ignore[union-attr]
            whole = dict(_flat(item))
            for name, cell in row.items():
                value = whole.get(name)
                if isinstance(value, str):
                    assert cell in (value, f"'{value}"), (path, name)
                assert value is not None or cell == "", (path, name)
                assert not cell.startswith(("=", "+", "@")), (path, name)
            # Nothing of an item is left out.
            shown = {name.partition(".")[0] for name in row}
            assert shown >= item.keys(), path


@pytest.mark.covers("S2-27", "S2-30")
async def test_an_employee_has_as_csv_only_what_is_theirs_to_see(desk: Any) -> None:
    made = await _fill(desk)
    tom = await desk.employee("Tom", "tom@desk.example")
    own = (await desk.ticket(made["account_id"], subject="Other", manager_id=tom))["id"]
    colleague = make_principal({"desk"}, id=tom)
    async with client(desk.runtime, SERVICE, principal=colleague) as http:
        for template in OF_TICKETS:
            path = _path(template, made)
            answer = await http.get(path, headers=CSV)
            assert HIDDEN not in answer.text, path
            if "{ticket}" in template:
                assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found")
            else:
                shown = [own] if path == "/v1/tickets" else []
                assert [row["id"] for row in await _rows(http, path)] == shown, path
        assert len(await _rows(http, "/v1/accounts")) == 2
        refused = await http.get("/v1/api-keys", headers=CSV)
        assert (refused.status_code, refused.json()["permission"]) == (403, "api_keys.admin")
        assert (await http.get("/v1/tickets?view=x", headers=CSV)).status_code == 422
    manager = make_principal({"desk"}, id=made["mia"])
    async with client(desk.runtime, SERVICE, principal=manager) as http:
        subjects = {row["subject"] for row in await _rows(http, "/v1/tickets")}
        assert subjects == {f"'-{HIDDEN}", HIDDEN}
        assert len(await _rows(http, f"/v1/tickets/{made['ticket']}/history")) > 3
        assert [row["text"] for row in await _rows(http, "/v1/messages")] == [f"'@{HIDDEN}"]
    async with client(desk.runtime, SERVICE, permissions={"desk", "tickets.all"}) as http:
        assert len(await _rows(http, "/v1/tickets")) == 3
    async with client(desk.runtime, SERVICE, permissions=None) as http:
        assert (await http.get("/v1/tickets", headers=CSV)).status_code == 401


async def test_a_customer_has_as_csv_the_public_fields_and_entries_alone(desk: Any) -> None:
    made = await _fill(desk)
    customer = make_principal({"customer"}, kind="contact", account_id=made["account_id"])
    stranger = make_principal(
        {"customer"}, kind="contact", account_id=await desk.account("Stranger")
    )
    async with client(desk.runtime, SERVICE, principal=customer) as http:
        tickets = await _rows(http, "/v1/portal/tickets")
        assert {row["id"] for row in tickets} >= {made["ticket"]}
        assert not {"manager.id", "manager.name", "unread", "in_inbox"} & tickets[0].keys()
        history = await _rows(http, f"/v1/portal/tickets/{made['ticket']}/history")
        told = {cell for row in history for cell in row.values()}
        assert "'=welcome" in told
        assert f"'={HIDDEN}" not in told
        documents = await _rows(http, f"/v1/portal/tickets/{made['ticket']}/documents")
        assert [row["name"] for row in documents] == ["'-public.txt"]
        for route in _lists(desk.runtime):
            if not route.path.startswith("/v1/portal"):
                refused = await http.get(_path(route.path, made), headers=CSV)
                assert refused.status_code == 403, route.path
    async with client(desk.runtime, SERVICE, principal=stranger) as http:
        assert await _rows(http, "/v1/portal/tickets") == []
        for part in ("history", "documents"):
            path = f"/v1/portal/tickets/{made['ticket']}/{part}"
            assert (await http.get(path, headers=CSV)).status_code == 404


async def test_the_list_of_tickets_is_filtered_and_sorted_as_ever(desk: Any) -> None:
    acme, bolt = await desk.account("ACME"), await desk.account("Bolt")
    open_one = (await desk.ticket(acme, subject="Open one"))["id"]
    closed = (await desk.ticket(acme, subject="Closed one"))["id"]
    await desk.post(f"/v1/tickets/{closed}/complete")
    for params, expected in (
        ({}, [closed, open_one]),
        ({"view": "open"}, [open_one]),
        ({"status": "completed", "limit": 1}, [closed]),
        ({"account_id": bolt}, []),
        ({"q": "closed"}, [closed]),
        ({"q": "one", "sort": "newest"}, [closed, open_one]),
    ):
        rows = await _rows(desk.http, "/v1/tickets", **params)
        assert [row["id"] for row in rows] == expected, params
        assert {row["account.name"] for row in rows} <= {"ACME"}
