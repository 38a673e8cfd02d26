"""No input to any route, however odd, makes a server error; it walks the API's own description."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from ticket_svc.definition import SERVICE

MISSING = "01890000-0000-7000-8000-00000000000f"
ODD_TEXTS = [
    "",
    " ",
    "x",
    "%",
    "'; --",
    "0500-1000",
    MISSING,
    "İ😀",
    "x" * 2000,
    "-1",
    "1e9",
    "../",
]
PLACES = ("location", "department")
# What JSON can say beside them; the last is half of a pair, which no text has.
ODD_VALUES = [*ODD_TEXTS, None, True, -1, 10**30, 1e308, [], {}, [[]], [None], {"x": "y"}, "\ud800"]


def routes(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Path, method and description of every operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def fields(document: Any, operation: Any) -> dict[str, Any]:
    """The members of the operation's body by name; empty where it takes none."""
    body = operation.get("requestBody")
    if body is None or "application/json" not in body["content"]:
        return {}
    schema = body["content"]["application/json"]["schema"]
    # A body that may be left out is one model or null.
    named = next(each for each in schema.get("anyOf", [schema]) if "$ref" in each)
    name = named["$ref"].removeprefix("#/components/schemas/")
    return dict(document["components"]["schemas"][name]["properties"])


class Walk:
    """Sends requests and keeps those that were answered by a server error."""

    def __init__(self, desk: Any, known: dict[str, str]) -> None:
        self.desk = desk
        self.known = known
        self.failures: list[str] = []
        self.count = 0

    async def send(self, method: str, url: str, body: Any = None, **params: Any) -> None:
        content = None if body is None else json.dumps(body).encode()
        answer = await self.desk.http.request(
            method,
            url,
            content=content,
            params=params,
            headers={"Content-Type": "application/json", "If-Match": '"0"'},
        )
        self.count += 1
        if answer.status_code >= 500:
            self.failures.append(f"{method} {url} {params} {content!r}: {answer.text[:300]}")

    def url(self, path: str, odd: str | None = None) -> str:
        """The path with ids of records that are there, or with `odd` in their place."""
        for name, value in self.known.items():
            path = path.replace("{" + name + "}", value if odd is None else quote(odd, safe=""))
        return path


@pytest.fixture
def database_url(pg_url: str) -> str:
    """PostgreSQL alone: it refuses what SQLite takes."""
    return pg_url


@pytest.mark.integration
async def test_no_input_makes_a_server_error(desk: Any, mail: Any) -> None:
    received = mail("eve@evil.example")
    await desk.take(received)
    ticket = await desk.ticket()
    account = ticket["account"]["id"]
    mia = await desk.employee("Mia", "mia@desk.example")
    walk = Walk(
        desk,
        {
            **await work(desk, ticket["id"], account, mia),
            "ticket": ticket["id"],
            "account_id": account,
            "contact_id": await desk.contact(account, "ann@acme.example"),
            "asset_id": (await desk.post("/v1/assets", account_id=account, name="SRV"))["id"],
            "employee_id": mia,
            "mail_id": received.data.mail.mail_id,
            "letter_id": MISSING,
            "kind": "accounts",
            **{f"{what}_id": await _place(desk, account, what) for what in PLACES},
            "custom_field_id": await _custom_field(desk),
            "domain": "acme.example",
        },
    )
    document = SERVICE.create_app(desk.runtime).openapi()
    for path, method, operation in routes(document):
        if path == "/v1/auth/token" or path.endswith("password"):
            continue  # Each try costs a hash; signing in has tests of its own.
        names = set(fields(document, operation))
        body: Any = dict.fromkeys(names, "x") or None
        for odd in ODD_TEXTS if "{" in path else []:
            await walk.send(method, walk.url(path, odd), body)
        for parameter in operation.get("parameters", []):
            for odd in ODD_TEXTS if parameter["in"] == "query" else []:
                await walk.send(method, walk.url(path), **{parameter["name"]: odd})
        for name in names:
            for value in ODD_VALUES:
                await walk.send(method, walk.url(path), {**plausible(walk, names), name: value})
        for value in ODD_VALUES if body else []:
            await walk.send(method, walk.url(path), value)
    assert walk.failures == []
    assert walk.count > 1000


async def work(desk: Any, ticket: str, account: str, employee: str) -> dict[str, str]:
    """The ids of what hangs on the ticket, one of each kind."""
    path = f"/v1/tickets/{ticket}"
    terms = {"name": "Block", "kind": "block_hours", "block_minutes": 600}
    visit = {"starts_at": "2026-11-23T08:00:00Z", "ends_at": "2026-11-23T10:00:00Z"}
    made = {
        "contract_id": await desk.post("/v1/contracts", account_id=account, **terms),
        "charge_id": await desk.post(f"{path}/charges", kind="work", minutes=30),
        "task_id": await desk.post(f"{path}/tasks", title="Order the disk"),
        "appointment_id": await desk.post(f"{path}/appointments", employee_id=employee, **visit),
        "message_id": await desk.post("/v1/messages", to=[{"employee_id": employee}], text="Hello"),
    }
    return {name: str(body["id"]) for name, body in made.items()}


async def _place(desk: Any, account: str, what: str) -> str:
    return str((await desk.post(f"/v1/{what}s", account_id=account, name="x"))["id"])


async def _custom_field(desk: Any) -> str:
    body = {"record": "asset", "key": "rack", "label": "Rack", "kind": "text"}
    return str((await desk.post("/v1/custom-fields", **body))["id"])


def plausible(walk: Walk, names: set[str]) -> dict[str, Any]:
    """Values that are right for the members that most bodies need."""
    values = {"account_id": walk.known["account_id"], "name": "x", "subject": "x", "text": "x"}
    return {name: value for name, value in values.items() if name in names}
