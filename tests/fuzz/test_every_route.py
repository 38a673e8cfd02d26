"""Every route of the system, called with what its OpenAPI document allows and with what it does
not: never a 5xx, never an answer that the document does not declare.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from patchbay_kit.testing.system.hub import Hub

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "libs/contracts/src/patchbay_contracts/generated/openapi.json"
# More for a long look: a route takes about a second for twelve.
EXAMPLES = int(os.environ.get("PATCHBAY_FUZZ_EXAMPLES", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Whoever calls these may not call again, or never hears the end.
LEFT_OUT = ["/v1/live", "/v1/auth/password", "/v1/auth/keys/rotate"]
# Ids of records that are there, by the path parameter that names them.
KNOWN: dict[str, list[str]] = {}

schema: Any = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text("utf-8"))).exclude(
    path=LEFT_OUT
)


@schemathesis.hook
def map_path_parameters(_context: Any, parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Every second id is one of a record that is there, so that more than 404 is reached."""
    if parameters is None:
        return None
    return {
        name: _known(name, value) if name in KNOWN else value for name, value in parameters.items()
    }


@schemathesis.hook
def map_headers(_context: Any, headers: dict[str, Any] | None) -> dict[str, Any] | None:
    """Seldom another version: behind that answer nothing of a change would be reached."""
    if headers is None or len(headers.get("If-Match", "")) % 4 == 0:
        return headers
    return {name: value for name, value in headers.items() if name != "If-Match"}


def _known(name: str, value: Any) -> Any:
    length = len(str(value))
    return KNOWN[name][length % len(KNOWN[name])] if length % 2 else value


@pytest.fixture(scope="session")
def fuzzed() -> Iterator[httpx.Client]:
    """A hub of its own with a few records, and an administrator's client."""
    with Hub(settings={"PATCHBAY_OUTGOING": "catch"}) as hub:
        _fill(hub)
        token = hub.api.post(
            "/v1/auth/token", {"email": hub.api.email, "password": hub.api.password}
        )
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        with httpx.Client(base_url=hub.base_url("/"), headers=headers, timeout=30) as client:
            _fill_work(client)
            yield client


def _fill(hub: Hub) -> None:
    account = hub.api.post("/v1/accounts", {"name": "ACME"})["id"]
    other = hub.api.post("/v1/accounts", {"name": "Other"})["id"]
    tickets = [
        hub.api.post("/v1/tickets", {"account_id": each, "subject": "Printer"})
        for each in (account, account, other)
    ]
    contact = hub.api.post("/v1/contacts", {"account_id": account, "name": "Ann"})["id"]
    asset = hub.api.post("/v1/assets", {"account_id": account, "name": "SRV-01"})["id"]
    employee = hub.api.post("/v1/employees", {"name": "Ines", "email1": "ines@msp.example"})["id"]
    KNOWN.update(
        account_id=[account, other],
        asset_id=[asset],
        contact_id=[contact],
        employee_id=[employee],
        ticket=[ticket["id"] for ticket in tickets] + [tickets[0]["number"]],
    )


def _fill_work(client: httpx.Client) -> None:
    """One record of everything that hangs on a ticket."""
    ticket, employee = f"/v1/tickets/{KNOWN['ticket'][0]}", KNOWN["employee_id"][0]
    account, slot = KNOWN["account_id"][0], ("2026-11-23T08:00:00Z", "2026-11-23T10:00:00Z")
    block = {"name": "Block", "kind": "block_hours", "block_minutes": 600}
    visit = {"employee_id": employee, "starts_at": slot[0], "ends_at": slot[1]}
    rack = {"record": "asset", "key": "rack", "label": "Rack", "kind": "text"}
    for name, path, body in (
        ("location_id", "/v1/locations", {"account_id": account, "name": "Office"}),
        ("department_id", "/v1/departments", {"account_id": account, "name": "Finance"}),
        ("custom_field_id", "/v1/custom-fields", rack),
        ("contract_id", "/v1/contracts", {"account_id": account, **block}),
        ("charge_id", f"{ticket}/charges", {"kind": "work", "minutes": 30}),
        ("task_id", f"{ticket}/tasks", {"title": "Order the disk"}),
        ("appointment_id", f"{ticket}/appointments", visit),
        ("message_id", "/v1/messages", {"to": [{"employee_id": employee}], "text": "Hello"}),
    ):
        KNOWN[name] = [_id_of(client.post(path, json=body))]
    file = client.post(
        f"{ticket}/documents", params={"name": "a.png"}, content=b"\x89PNG\r\n\x1a\n"
    )
    KNOWN["document_id"] = [_id_of(file)]


def _id_of(made: httpx.Response) -> str:
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


@pytest.mark.e2e
@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_a_route_answers_as_its_document_says(case: Any, fuzzed: httpx.Client) -> None:
    case.headers = {**(case.headers or {}), "Authorization": fuzzed.headers["Authorization"]}
    case.call_and_validate(base_url=str(fuzzed.base_url), checks=CHECKS, timeout=30)
