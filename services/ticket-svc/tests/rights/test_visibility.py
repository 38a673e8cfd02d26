"""What one may not see is in no answer: lists, counts, searches, exports, pages and parts.

A mixed desk is made at random. Everything of a ticket carries the ticket's own word, so that a word
in an answer tells of the ticket, whatever it was read from.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from patchbay_kit.testing.apps import app_of
from patchbay_kit.testing.harness import bearer, make_principal, make_runtime
from ticket_svc.definition import SERVICE

PASSWORD = "correct horse battery"
SLOT = {"starts_at": "2027-01-04T09:00:00Z", "ends_at": "2027-01-04T10:00:00Z"}
# Lists answer it as a file; whatever else stays what it is.
CSV = {"Accept": "text/csv"}
# Never ends; what it tells whom is in the live feed's own tests.
STREAMS = {"/v1/live"}
QUERIES = {
    "/v1/dispatcher/board": {"from": "2027-01-04T00:00:00Z", "to": "2027-01-05T00:00:00Z"},
}


@dataclass
class Hidden:
    """A ticket with its parts. `signs` are what an answer must not hold for those who may not see
    it.
    """

    id: str
    account: str
    manager: str
    word: str
    signs: list[str]
    parts: dict[str, str] = field(default_factory=dict)


async def _ticket(desk: Any, mail: Callable[..., Any], number: int, **fields: Any) -> Hidden:
    word = f"zebra{number}quagga"
    ticket = await desk.post("/v1/tickets", subject=f"About {word}", description=word, **fields)
    path = f"/v1/tickets/{ticket['id']}"
    await desk.post(f"{path}/notes", text=word, public=True)
    await desk.post(f"{path}/recipients", email=f"{word}@acme.example")
    document = await desk.http.post(f"{path}/documents?name={word}.txt&public=true", content=b"a")
    to = [{"employee_id": fields["manager_id"]}]
    made = {
        "task_id": await desk.post(f"{path}/tasks", title=word),
        "charge_id": await desk.post(f"{path}/charges", kind="work", description=word, minutes=5),
        "appointment_id": await desk.post(
            f"{path}/appointments", employee_id=fields["manager_id"], subject=word, **SLOT
        ),
        "message_id": await desk.post(f"{path}/messages", to=to, text=word),
        "document_id": document.json(),
    }
    # From somebody of the account, so that it is filed on the ticket.
    sender = f"ann@{fields['account_id']}.example"
    numbers = [ticket["number"]]
    await desk.take(mail(sender, subject=f"[{numbers[0]}] {word}", subject_numbers=numbers))
    parts = {name: record["id"] for name, record in made.items()}
    signs = [word, ticket["id"], ticket["number"]]
    return Hidden(ticket["id"], fields["account_id"], fields["manager_id"], word, signs, parts)


def _routes(found: Any) -> Iterator[str]:
    """The path of every GET there is."""
    for route in found:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _routes(included.routes)
        elif isinstance(route, APIRoute) and "GET" in route.methods:
            yield route.path


def _tells(path: str) -> bool:
    return path.startswith("/v1/") and path not in STREAMS


def _paths(routes: list[str], seen: list[Hidden], ids: dict[str, list[str]]) -> Iterator[str]:
    """Every route with every id that the viewer may know of."""
    for route in routes:
        if "{" not in route:
            yield route
            continue
        for ticket in seen:
            path = route.replace("{ticket}", ticket.id)
            for name, known in ticket.parts.items():
                path = path.replace(f"{{{name}}}", known)
            if "{" not in path:
                yield path
        for name, known_ids in ids.items():
            if f"{{{name}}}" in route:
                yield from (route.replace(f"{{{name}}}", each) for each in known_ids)


@pytest.mark.slow
@pytest.mark.covers("S2-30", "S2-27")
@pytest.mark.parametrize("seed", [2])
async def test_nothing_of_a_hidden_ticket_is_in_any_answer(
    sqlite_url: str, tmp_path: Path, make_desk: Any, mail: Any, seed: int
) -> None:
    chance = random.Random(seed)  # no secret
    settings = {"admin_email": "admin@desk.example", "admin_password": PASSWORD}
    async with make_runtime(SERVICE, sqlite_url, blob_dir=tmp_path / "b", **settings) as runtime:
        with app_of(SERVICE, runtime) as app:
            transport = httpx.ASGITransport(app)

            def client(principal: Any) -> httpx.AsyncClient:
                return httpx.AsyncClient(
                    transport=transport, base_url="http://desk", headers=bearer(principal)
                )

            async with client(make_principal()) as http:
                desk = make_desk(runtime, http)
                accounts = [await desk.account(name) for name in ("ACME", "Globex")]
                for each in accounts:
                    await desk.contact(each, f"ann@{each}.example")
                employees = [
                    await desk.employee(name, f"{name}@desk.example") for name in ("mia", "tom")
                ]
                tickets = [
                    await _ticket(
                        desk,
                        mail,
                        number,
                        account_id=chance.choice(accounts),
                        manager_id=chance.choice(employees),
                    )
                    for number in range(6)
                ]
                for one, other in pairwise(tickets):
                    await desk.post(f"/v1/tickets/{one.id}/relations", ticket=other.id)
            viewers = [
                *((make_principal({"desk"}, id=each), each) for each in employees),
                (make_principal({"desk"}, kind="api_key"), "nobody"),
                *(
                    (make_principal({"customer"}, kind="contact", account_id=each), each)
                    for each in accounts
                ),
            ]
            routes = [each for each in sorted(_routes(app.routes)) if _tells(each)]
            ids = {"account_id": accounts, "employee_id": employees}
            for principal, own in viewers:
                seen = [each for each in tickets if own in (each.manager, each.account)]
                hidden = [each for each in tickets if each not in seen]
                listing = "/v1/portal/tickets" if principal.kind == "contact" else "/v1/tickets"
                async with client(principal) as http:
                    listed = (await http.get(listing)).json()["items"]
                    assert {each["id"] for each in listed} == {each.id for each in seen}
                    for path in _paths(routes, seen, ids):
                        answer = await http.get(path, params=QUERIES.get(path))
                        assert answer.status_code < 500, path
                        as_csv = await http.get(path, params=QUERIES.get(path), headers=CSV)
                        assert as_csv.status_code == answer.status_code, path
                        texts = answer.text + as_csv.text
                        told = [s for each in hidden for s in each.signs if s in texts]
                        assert told == [], (principal.kind, path)
                    for each in hidden:
                        for query in (each.word, each.word[:6]):
                            found = await http.get(listing, params={"q": query})
                            assert each.id not in found.text
                    if principal.kind != "contact":
                        counts = (await http.get("/v1/tickets/counts")).json()
                        assert counts["all"] == len(seen), counts
