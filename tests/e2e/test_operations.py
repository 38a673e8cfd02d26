"""What operators meet: dead letters, probes, stops and starts, engines that go away."""

import json
import secrets
import time
from typing import Any

import httpx
import pytest

from patchbay_kit.ids import new_id
from patchbay_kit.testing.servers.postgres import Postgres
from patchbay_kit.testing.servers.rabbitmq import RabbitMQ
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.cluster import Cluster
from patchbay_kit.testing.system.mail import until
from patchbay_kit.testing.system.simulator import ticket_of

LETTERS = "/v1/dead-letters/ticket-svc"
ON_THE_CLUSTER = pytest.mark.parametrize("system", ["cluster"], indirect=True, scope="session")
Letter = dict[str, Any]


def malformed(system: System) -> Letter:
    """Publish an event without its data; returns its dead letter."""
    event_id = new_id()
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/patchbay/rmm-gateway",
        "type": "remote_ticket.received.v1",
        "subject": "broken",
        "time": "2026-01-15T10:00:00Z",
        "data": {"summary": 7},
    }
    known = {each["id"] for each in system.api.items(LETTERS)}
    system.publish_raw("remote_ticket.received.v1", json.dumps(body).encode())

    def parked() -> list[Letter]:
        return [each for each in system.api.items(LETTERS) if each["id"] not in known]

    (letter,) = until(parked, "the dead letter")
    return dict(letter)


def test_a_malformed_event_is_parked_with_the_validation_error_and_can_be_discarded(
    system: System,
) -> None:
    letter = malformed(system)

    assert (letter["reason"], letter["state"]) == ("invalid_event", "parked")
    assert letter["queue"] == "ticket-svc.remote"
    assert "summary" in letter["error"]
    detail = system.api.get(f"{LETTERS}/{letter['id']}")
    assert json.loads(detail["body"])["data"] == {"summary": 7}
    system.api.post(f"{LETTERS}/{letter['id']}/discard")
    decided = system.api.get(f"{LETTERS}/{letter['id']}")
    assert decided["state"] == "discarded"
    assert decided["decided_by"].startswith("employee:")
    again = system.api.request("POST", f"{LETTERS}/{letter['id']}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "dead_letter_decided")
    discard_all(system)


def test_a_dead_letter_that_is_sent_again_comes_back_if_it_is_still_broken(
    system: System,
) -> None:
    letter = malformed(system)

    system.api.post(f"{LETTERS}/{letter['id']}/retry")

    (again,) = until(lambda: system.api.items(LETTERS, state="parked"), "the letter back again")
    assert again["error"] == letter["error"]
    assert system.api.get(f"{LETTERS}/{letter['id']}")["state"] == "retried"
    discard_all(system)


def discard_all(system: System) -> None:
    """Leave no letters to others; link-svc wants the same event and parks it as well."""
    system.wait_until_quiet()
    for service in ("ticket-svc", "link-svc"):
        path = f"/v1/dead-letters/{service}"
        for letter in system.api.items(path, state="parked"):
            system.api.post(f"{path}/{letter['id']}/discard")
    assert system.parked() == []


def test_probes_and_descriptions_need_no_token(system: System) -> None:
    base = system.base_url("/v1/tickets")

    openapi = httpx.get(f"{base}/openapi.json").json()
    asyncapi = httpx.get(f"{base}/asyncapi.json").json()

    prefixes = ("tickets", "links", "connections", "mails", "alerts")
    assert all(f"/v1/{each}" in " ".join(openapi["paths"]) for each in prefixes)
    assert asyncapi["asyncapi"].startswith("3.")
    assert httpx.get(f"{base}/healthz").json()["status"] == "ok"
    assert system.ready()["status"] == "ready"
    assert "patchbay" in httpx.get(f"{base}/metrics").text


def test_nobody_gets_in_without_a_token_or_with_a_wrong_password(system: System) -> None:
    for path in ("/v1/tickets", "/v1/links/sites", "/v1/connections", "/v1/mails", "/v1/alerts"):
        answer = httpx.get(system.base_url(path) + path)
        assert answer.status_code == 401, path
        assert answer.headers["content-type"].startswith("application/problem+json")
    wrong = {"email": system.api.email, "password": "wrong"}
    path = "/v1/auth/token"
    assert httpx.post(system.base_url(path) + path, json=wrong).status_code == 401


def test_an_employee_of_the_desk_may_not_do_what_administrators_do(system: System) -> None:
    email, password = f"desk-{secrets.token_hex(4)}@msp.example", secrets.token_urlsafe(18)
    system.api.post("/v1/employees", {"name": "Desk", "email1": email, "password": password})
    desk = system.api.signed_in_as(email, password)

    assert desk.get("/v1/tickets")["items"] is not None
    body = {"name": "x", "base_url": "http://127.0.0.1:1", "psg_code": "abcd"}
    for method, path in (("POST", "/v1/connections"), ("GET", "/v1/mailboxes"), ("GET", LETTERS)):
        answer = desk.request(method, path, json=body if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing"), path
    desk.close()


@ON_THE_CLUSTER
@pytest.mark.timeout(240)
def test_a_broker_that_is_away_is_named_and_work_goes_on_when_it_is_back(
    system: Cluster, remote: Any, rabbitmq_node: RabbitMQ
) -> None:
    system.wait_until_quiet()
    system.settle()
    rabbitmq_node.kill9()
    until(lambda: missing(system) == ["bus"], "the broker named as missing", timeout=30)
    raised = remote.simulator.raise_ticket("While the broker was away")
    account = system.api.post("/v1/accounts", {"name": "Made while the broker was away"})
    assert system.api.get(f"/v1/accounts/{account['id']}")["name"] == account["name"]

    rabbitmq_node.start()

    ticket_of(system, remote.connection_id, raised, timeout=60)
    until(lambda: missing(system) == [], "everything there again", timeout=30)


@ON_THE_CLUSTER
@pytest.mark.timeout(240)
def test_a_database_that_is_away_is_named_and_work_goes_on_when_it_is_back(
    system: Cluster, remote: Any, postgres_node: Postgres
) -> None:
    system.wait_until_quiet()
    postgres_node.kill9()
    until(lambda: "database" in missing(system), "the database named as missing", timeout=30)
    answer = system.api.request("GET", "/v1/tickets")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    raised = remote.simulator.raise_ticket("While the database was away")

    postgres_node.start()

    with system.api.patient(30):
        ticket_of(system, remote.connection_id, raised, timeout=60)
    until(lambda: missing(system) == [], "everything there again", timeout=30)


def missing(system: System) -> list[str]:
    return [each["name"] for each in system.ready()["missing"]]


@pytest.mark.timeout(240)
def test_a_restart_in_order_keeps_everything_and_goes_on(system: System, remote: Any) -> None:
    before = system.api.get("/v1/auth/me")
    tickets = len(system.api.items("/v1/tickets"))
    started = time.monotonic()

    statuses = system.stop()

    assert set(statuses.values()) == {0}, statuses
    assert time.monotonic() - started < 25, "longer than the grace of a stop"
    raised = remote.simulator.raise_ticket("While everything was stopped")
    system.start()
    assert system.api.get("/v1/auth/me") == before  # the same token, by keys that were kept
    ticket_of(system, remote.connection_id, raised)
    assert len(system.api.items("/v1/tickets")) == tickets + 1
