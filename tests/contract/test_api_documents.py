"""The generated AsyncAPI and OpenAPI documents hold together and say what the catalogue says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from patchbay_contracts import CONTENT_TYPE, consumers_of, registered

GENERATED = Path(__file__).parents[2] / "libs/contracts/src/patchbay_contracts/generated"
ASYNCAPI: dict[str, Any] = json.loads((GENERATED / "asyncapi.json").read_text("utf-8"))
OPENAPI: dict[str, Any] = json.loads((GENERATED / "openapi.json").read_text("utf-8"))
EVENTS = sorted(registered().values(), key=lambda event: event.event_type)
METHODS = {"get", "put", "post", "delete", "patch"}


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from _refs(value)


def _resolves(document: dict[str, Any], ref: str) -> bool:
    node: Any = document
    for step in ref.removeprefix("#/").split("/"):
        if not isinstance(node, dict) or step not in node:
            return False
        node = node[step]
    return True


@pytest.mark.parametrize("document", [ASYNCAPI, OPENAPI], ids=["asyncapi", "openapi"])
def test_every_reference_of_a_document_resolves_inside_it(document: dict[str, Any]) -> None:
    assert [ref for ref in _refs(document) if not _resolves(document, ref)] == []


class TestAsyncApi:
    def test_it_is_version_3_and_has_a_channel_and_a_message_for_each_event(self) -> None:
        assert ASYNCAPI["asyncapi"] == "3.0.0"
        assert ASYNCAPI["defaultContentType"] == CONTENT_TYPE
        addresses = {channel["address"] for channel in ASYNCAPI["channels"].values()}
        assert addresses == set(registered())
        assert ASYNCAPI["components"]["messages"].keys() == {e.__name__ for e in EVENTS}

    def test_each_event_is_sent_by_its_publisher_and_received_by_each_queue(self) -> None:
        expected = {f"{event.publisher}.send.{event.__name__}" for event in EVENTS} | {
            f"{queue}.receive.{event.__name__}"
            for event in EVENTS
            for queue in consumers_of(event.event_type)
        }
        assert ASYNCAPI["operations"].keys() == expected

    @pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)
    def test_the_example_of_a_message_is_valid_against_its_payload(self, event: Any) -> None:
        message = ASYNCAPI["components"]["messages"][event.__name__]
        schema = {"components": ASYNCAPI["components"], **message["payload"]}
        for example in message["examples"]:
            jsonschema.Draft202012Validator(schema).validate(example["payload"])


class TestOpenApi:
    @pytest.mark.slow
    def test_it_is_valid_openapi(self) -> None:
        validate(OPENAPI)

    def test_every_service_is_in_it(self) -> None:
        for prefix in ("/v1/tickets", "/v1/links", "/v1/connections", "/v1/mails", "/v1/alerts"):
            assert any(path.startswith(prefix) for path in OPENAPI["paths"]), prefix

    def test_every_operation_answers_errors_as_problem_documents(self) -> None:
        for path, item in OPENAPI["paths"].items():
            for method in METHODS & item.keys():
                responses = item[method]["responses"]
                assert "application/problem+json" in json.dumps(responses), f"{method} {path}"


@pytest.mark.covers("S2-01")
@pytest.mark.parametrize(
    ("part", "operations"),
    [
        ("navigation", ["get /v1/tickets", "get /v1/tickets/counts", "get /v1/views"]),
        (
            "Inbox",
            [f"{method} /v1/tickets/{{ticket}}/inbox" for method in ("post", "delete")]
            + [f"post /v1/tickets/{{ticket}}/{mark}" for mark in ("read", "unread")],
        ),
        (
            "e-mail correspondence",
            [
                *("get /v1/mails", "get /v1/mails/{mail_id}/raw", "get /v1/mail-decisions"),
                *("get /v1/tickets/{ticket}/history", "put /v1/tickets/{ticket}/recipients"),
            ],
        ),
    ],
)
def test_each_part_of_the_desks_scope_has_its_entrances(part: str, operations: list[str]) -> None:
    there = {f"{method} {path}" for path, item in OPENAPI["paths"].items() for method in item}
    assert set(operations) - there == set(), part
