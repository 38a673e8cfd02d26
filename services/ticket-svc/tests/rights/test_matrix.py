"""Every route of the app with every role: what is in matrix.md, and nothing else.

The routes are the app's own, so a new one without a row fails. Each request is rolled back: all of
them meet the same desk.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.testing.apps import app_of
from patchbay_kit.testing.harness import bearer, make_principal, make_runtime
from ticket_svc.definition import SERVICE

TABLE = Path(__file__).with_name("matrix.md")
PASSWORD = "correct horse battery"
SLOT = {"starts_at": "2027-01-04T09:00:00Z", "ends_at": "2027-01-04T10:00:00Z"}
ROLES = (
    "anonymous",
    "customer",
    "other customer",
    "manager",
    "colleague",
    "sees all",
    "administrator",
    "key",
)

# What is sent where nothing would be a 422. `{name}` stands for the id of the prepared record.
BODIES: dict[str, Any] = {
    "POST /v1/accounts": {"name": "New"},
    "POST /v1/accounts/{account_id}/merge": {"into_account_id": "{other_account}"},
    "POST /v1/accounts/bulk": {"ids": ["{account_id}"], "action": {"kind": "archive"}},
    "POST /v1/contacts/bulk": {"ids": ["{contact_id}"], "action": {"kind": "archive"}},
    "POST /v1/assets/bulk": {"ids": ["{asset_id}"], "action": {"kind": "archive"}},
    "POST /v1/tickets/bulk": {"tickets": ["{ticket}"], "action": {"kind": "complete"}},
    "POST /v1/api-keys": {"name": "New", "scopes": ["desk"]},
    "POST /v1/appointments": {"employee_id": "{employee_id}", "subject": "New", **SLOT},
    "POST /v1/assets": {"account_id": "{account_id}", "name": "New"},
    "POST /v1/auth/password": {"old_password": PASSWORD, "new_password": PASSWORD},
    "POST /v1/auth/token": {"email": "mia@desk.example", "password": PASSWORD},
    "POST /v1/auth/exchange": {"subject_token": "x"},
    "POST /v1/contacts": {"account_id": "{account_id}", "name": "New"},
    "PUT /v1/contacts/{contact_id}/password": {"password": PASSWORD},
    "POST /v1/contracts": {"account_id": "{account_id}", "name": "New", "kind": "fixed"},
    "POST /v1/custom-fields": {"record": "ticket", "key": "new", "label": "New", "kind": "text"},
    "POST /v1/departments": {"account_id": "{account_id}", "name": "New"},
    "POST /v1/employees": {"name": "New"},
    "PUT /v1/employees/{employee_id}/password": {"password": PASSWORD},
    "POST /v1/locations": {"account_id": "{account_id}", "name": "New"},
    "POST /v1/mail-decisions/{mail_id}/file": {"ticket_id": "{ticket}"},
    "POST /v1/mail-decisions/{mail_id}/create": {"account_id": "{account_id}"},
    "POST /v1/messages": {"to": [{"employee_id": "{employee_id}"}], "text": "Hello"},
    "POST /v1/portal/invitations/accept": {"token": "x", "password": PASSWORD},
    "POST /v1/auth/invitations/accept": {"token": "x", "password": PASSWORD},
    "POST /v1/auth/password-requests": {"email": "mia@desk.example"},
    "POST /v1/portal/tickets": {"subject": "New"},
    "POST /v1/portal/tickets/{ticket}/notes": {"text": "New"},
    "POST /v1/privilege-groups": {"name": "New"},
    "POST /v1/tasks": {"title": "New"},
    "POST /v1/tickets": {"account_id": "{account_id}", "subject": "New"},
    "POST /v1/tickets/{ticket}/appointments": {"employee_id": "{employee_id}", **SLOT},
    "POST /v1/tickets/{ticket}/charges": {"kind": "work", "description": "x", "minutes": 5},
    "POST /v1/tickets/{ticket}/dispatch": {"technicians": ["{employee_id}"], **SLOT},
    "POST /v1/tickets/{ticket}/merge": {"into": "{other_ticket}"},
    "POST /v1/tickets/{ticket}/messages": {
        "to": [{"employee_id": "{employee_id}"}],
        "text": "Hello",
    },
    "POST /v1/tickets/{ticket}/notes": {"text": "New"},
    "POST /v1/tickets/{ticket}/recipients": {"email": "new@acme.example"},
    "POST /v1/tickets/{ticket}/relations": {"ticket": "{other_ticket}"},
    "POST /v1/tickets/{ticket}/status": {"status": "waiting"},
    "POST /v1/tickets/{ticket}/tasks": {"title": "New"},
    "POST /v1/views": {"name": "New", "filter": {}},
}
QUERIES = {
    "GET /v1/accounts/{account_id}/merge-preview": {"into_account_id": "{other_account}"},
    "GET /v1/dispatcher/board": {"from": "2027-01-04T00:00:00Z", "to": "2027-01-05T00:00:00Z"},
    "GET /v1/tickets/{ticket}/merge-preview": {"into": "{other_ticket}"},
    "POST /v1/tickets/{ticket}/documents": {"name": "a.txt"},
    "POST /v1/accounts/{account_id}/documents": {"name": "a.txt"},
    "POST /v1/portal/tickets/{ticket}/documents": {"name": "a.txt"},
}
# They end when the caller leaves, which is at their first word here.
STREAMS = {"/v1/live"}
# One name in paths for ids of two kinds.
OTHER_IDS = {"/v1/account-merges/": "{account_merge_id}"}
FILES = {
    "POST /v1/tickets/{ticket}/documents": b"a file",
    "POST /v1/accounts/{account_id}/documents": b"a file",
    "POST /v1/portal/tickets/{ticket}/documents": b"a file",
    "POST /v1/imports/{kind}": b"name\nNew\n",
}


def declared() -> dict[str, list[str]]:
    """The table's rows: answers by route, in the order of ROLES."""
    rows = {}
    for line in TABLE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == len(ROLES) + 1 and cells[0].startswith("`"):
            rows[cells[0].strip("`")] = cells[1:]
    return rows


class World:
    """A desk with one of everything, and who calls."""

    def __init__(self, app: Any, ids: dict[str, str], tokens: dict[str, str | None]) -> None:
        self._app = app
        self._ids = ids
        self._headers = {
            role: {"Authorization": f"Bearer {token}"} if token else {}
            for role, token in tokens.items()
        }

    async def answer(self, route: str, role: str) -> str:
        """The answer as the table writes it: `2xx`, or the status."""
        status, _ = await self.head(route, role)
        return "2xx" if 200 <= status < 300 else str(status)

    async def head(self, route: str, role: str, **headers: str) -> tuple[int, set[str]]:
        """Status and names of the headers of the answer to a request with these headers."""
        method, path = route.split(" ")
        for start, name in OTHER_IDS.items():
            path = path.replace("{merge_id}", name) if path.startswith(start) else path
        request = httpx.Request(
            method,
            "http://desk" + self._filled(path),
            params=self._filled(QUERIES.get(route, {})),
            **self._content(route, method, {**self._headers[role], **headers}),
        )
        return await self._head(request)

    def _content(self, route: str, method: str, headers: dict[str, str]) -> dict[str, Any]:
        if route in FILES:
            return {"content": FILES[route], "headers": {**headers, "Content-Type": "text/csv"}}
        body = self._filled(BODIES.get(route))
        if body is None and method == "GET":
            return {"headers": headers}
        return {"json": body or {}, "headers": headers}

    async def _head(self, request: httpx.Request) -> tuple[int, set[str]]:
        """Status and headers, without the rest of the answer: one of them never ends."""
        started: asyncio.Future[tuple[int, set[str]]] = asyncio.get_running_loop().create_future()
        left = asyncio.Event()
        body = [{"type": "http.request", "body": request.read(), "more_body": False}]

        async def receive() -> dict[str, Any]:
            if body:
                return body.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                names = {name.decode().lower() for name, _ in message["headers"]}
                started.set_result((message["status"], names))
                if request.url.path in STREAMS:
                    left.set()

        async with asyncio.timeout(10):
            await self._app(_scope(request), receive, send)
        return started.result()

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, known in self._ids.items():
                value = value.replace(f"{{{name}}}", known)
            return value
        if isinstance(value, dict):
            return {key: self._filled(each) for key, each in value.items()}
        return [self._filled(each) for each in value] if isinstance(value, list) else value


def _routes(found: Any) -> Iterator[str]:
    """`METHOD /path` of every route there is, in documents or not."""
    for route in found:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _routes(included.routes)
            continue
        assert isinstance(route, APIRoute), route
        yield from (f"{method} {route.path}" for method in route.methods)


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("desk", 80),
    }


async def _prepare(desk: Any, mail: Callable[..., Any]) -> dict[str, str]:
    """One of everything. The ticket is the account's, and managed by the employee."""
    account, other = await desk.account("ACME"), await desk.account("Globex")
    ann = await desk.contact(account, "ann@acme.example")
    bob = await desk.contact(other, "bob@globex.example")
    mia = await desk.employee("Mia", "mia@desk.example", password=PASSWORD)
    fields = {"manager_id": mia, "contact_id": ann}
    ticket = (await desk.ticket(account, **fields))["id"]
    second = (await desk.ticket(account, subject="Second", **fields))["id"]
    merged = (await desk.ticket(account, subject="Merged", **fields))["id"]
    related = (await desk.ticket(account, subject="Related", **fields))["id"]
    path = f"/v1/tickets/{ticket}"
    merge = await desk.post(f"/v1/tickets/{merged}/merge", into=second)
    await desk.post(f"{path}/relations", ticket=related)
    gone = await desk.account("Gone")
    account_merge = await desk.post(f"/v1/accounts/{gone}/merge", into_account_id=other)
    await desk.http.put(f"/v1/accounts/{account}/domains/acme.example")
    place = {"account_id": account, "name": "One"}
    document = await desk.http.post(f"{path}/documents?name=a.txt&public=true", content=b"a")
    await desk.take(mail("stranger@nowhere.example"))
    (decision,) = (await desk.get("/v1/mail-decisions"))["items"]
    recipient = await desk.post(f"{path}/recipients", email="cc@acme.example")
    ids = {
        "account_id": account,
        "other_account": other,
        "contact_id": ann,
        "other_contact": bob,
        "employee_id": mia,
        "ticket": ticket,
        "other_ticket": second,
        "other": related,
        "mail_id": decision["mail_id"],
        "document_id": document.json()["id"],
        "recipient_id": _recipient_id(recipient),
        "domain": "acme.example",
        "kind": "accounts",
        "event_type": "ticket.created.v1",
        "letter_id": ticket,
    }
    made = {
        "asset_id": await desk.post("/v1/assets", **place),
        "location_id": await desk.post("/v1/locations", **place),
        "department_id": await desk.post("/v1/departments", **place),
        "contract_id": await desk.post("/v1/contracts", kind="fixed", **place),
        "custom_field_id": await desk.post(
            "/v1/custom-fields", record="asset", key="one", label="One", kind="text"
        ),
        "group_id": await desk.post("/v1/privilege-groups", name="One"),
        "key_id": await desk.post("/v1/api-keys", name="One", scopes=["desk"]),
        "task_id": await desk.post(f"{path}/tasks", title="One"),
        "charge_id": await desk.post(f"{path}/charges", kind="work", description="x", minutes=5),
        "appointment_id": await desk.post(f"{path}/appointments", employee_id=mia, **SLOT),
        "message_id": await desk.post(f"{path}/messages", to=[{"employee_id": mia}], text="Hello"),
    }
    mine = {"Authorization": f"Bearer {await _sign_in(desk, 'mia@desk.example')}"}
    body = {"name": "One", "filter": {}}
    made["view_id"] = (await desk.http.post("/v1/views", json=body, headers=mine)).json()
    outside = make_principal({"desk", "tickets.all"}, kind="api_key")
    note = {"text": "From outside"}
    await desk.http.post(f"{path}/notes", json=note, headers=bearer(outside))
    await desk.patch("/v1/settings", customer_may_close=True)
    ids |= {name: record["id"] for name, record in made.items()}
    return ids | {"merge_id": merge["id"], "account_merge_id": account_merge["id"]}


def _recipient_id(lists: Any) -> str:
    return str(lists["external"][-1]["id"])


async def _sign_in(desk: Any, email: str) -> str:
    body = await desk.post("/v1/auth/token", email=email, password=PASSWORD)
    return str(body["access_token"])


async def _credentials(desk: Any, ids: dict[str, str]) -> dict[str, str | None]:
    """Real ones: what the database says of their bearers is what they may."""
    await desk.employee("Tom", "tom@desk.example", password=PASSWORD)
    lead = await desk.employee("Lea", "lea@desk.example", password=PASSWORD)
    group = await desk.post("/v1/privilege-groups", name="Leads", permissions=["tickets.all"])
    await desk.http.put(f"/v1/privilege-groups/{group['id']}/members/{lead}")
    for contact in ("contact_id", "other_contact"):
        path = f"/v1/contacts/{ids[contact]}/password"
        await desk.http.put(path, json={"password": PASSWORD})
    scopes = ["desk", "tickets.all"]
    key = await desk.post("/v1/api-keys", name="Monitoring", scopes=scopes)
    return {
        "anonymous": None,
        "customer": await _sign_in(desk, "ann@acme.example"),
        "other customer": await _sign_in(desk, "bob@globex.example"),
        "manager": await _sign_in(desk, "mia@desk.example"),
        "colleague": await _sign_in(desk, "tom@desk.example"),
        "sees all": await _sign_in(desk, "lea@desk.example"),
        "administrator": await _sign_in(desk, "admin@desk.example"),
        "key": key["key"],
    }


@asynccontextmanager
async def _forgotten(
    unit_of_work: Callable[..., Any], db: Database, actor: str | None
) -> AsyncIterator[UnitOfWork]:
    """A unit of work that ends well and keeps nothing."""
    try:
        async with unit_of_work(db, actor=actor) as unit:
            yield unit
            await unit.flush()
            raise _Forget
    except _Forget:
        return


class _Forget(Exception):  # noqa: N818  # no error: how a unit of work is left
    pass


@asynccontextmanager
async def _world(
    sqlite_url: str,
    tmp_path: Path,
    make_desk: Any,
    mail: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[World, Any]]:
    """A desk on which nothing that is done stays, and its app."""
    settings = {"admin_email": "admin@desk.example", "admin_password": PASSWORD}
    settings["mail_secret_key"] = PASSWORD * 2
    async with make_runtime(SERVICE, sqlite_url, blob_dir=tmp_path / "b", **settings) as runtime:
        with app_of(SERVICE, runtime) as app:
            transport = httpx.ASGITransport(app)
            boss = bearer(make_principal())
            async with httpx.AsyncClient(
                transport=transport, base_url="http://desk", headers=boss
            ) as http:
                desk = make_desk(runtime, http)
                ids = await _prepare(desk, mail)
                tokens = await _credentials(desk, ids)
            keep = Database.unit_of_work
            monkeypatch.setattr(
                Database,
                "unit_of_work",
                lambda db, *, actor=None: _forgotten(keep, db, actor),
            )
            yield World(app, ids, tokens), app


@pytest.mark.slow
async def test_every_route_answers_every_role_as_the_matrix_says(
    sqlite_url: str, tmp_path: Path, make_desk: Any, mail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: list[str] = []
    async with _world(sqlite_url, tmp_path, make_desk, mail, monkeypatch) as (world, app):
        rows = declared()
        routes = sorted(_routes(app.routes))
        assert len(routes) > 100
        for route in routes:
            seen = [await world.answer(route, role) for role in ROLES]
            if rows.get(route) != seen:
                wrong.append(f"| `{route}` | {' | '.join(seen)} |")
    gone = sorted(set(rows) - set(routes))
    assert wrong == [], "\n".join(["these are so, and the table says otherwise:", *wrong])
    assert gone == []


@pytest.mark.slow
async def test_every_route_reads_and_sets_the_headers_that_its_description_says(
    sqlite_url: str, tmp_path: Path, make_desk: Any, mail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: list[str] = []
    guarded = 0
    async with _world(sqlite_url, tmp_path, make_desk, mail, monkeypatch) as (world, app):
        paths = app.openapi()["paths"]
        for route in sorted(_routes(app.routes)):
            method, path = route.split(" ")
            operation = paths.get(path, {}).get(method.lower())
            status, names = await world.head(route, "administrator")
            if operation is None or not 200 <= status < 300:
                continue
            answers = operation["responses"]
            promised = {name.lower() for name in answers[str(status)].get("headers", {})}
            if promised - {"location"} - names or {"location"} & names - promised:
                wrong.append(f"{route} answers with {sorted(names)}, promised {sorted(promised)}")
            sent = {each["name"] for each in operation.get("parameters", ())}
            other, _ = await world.head(route, "administrator", **{"If-Match": '"999999"'})
            guarded += other == 412
            if ("If-Match" in sent) != (other == 412):
                wrong.append(f"{route} with another version is answered {other}")
    assert wrong == [], "\n".join(wrong)
    assert guarded > 50
