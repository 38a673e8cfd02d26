"""The committed examples are whole, and say what the models and the schemas say."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from patchbay_contracts import Envelope, EventData, decode, registered, schema_uri
from patchbay_contracts.schemas import event_schema

EXAMPLES = Path(__file__).parent.parent / "examples"
GENERATED = Path(__file__).parent.parent / "src/patchbay_contracts/generated/schemas"
EVENTS = sorted(registered())


def _example(event_type: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{event_type}.json").read_text("utf-8"))
    return document


def _decoded(event_type: str) -> Envelope[EventData]:
    return decode(event_type, (EXAMPLES / f"{event_type}.json").read_bytes())


def test_every_event_has_one_example_and_no_example_is_left_over() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.json")) == EVENTS


@pytest.mark.parametrize("event_type", EVENTS)
def test_an_example_survives_the_round_trip(event_type: str) -> None:
    envelope = _decoded(event_type)
    again = decode(event_type, envelope.model_dump_json(exclude_none=True).encode())
    assert again == envelope
    assert isinstance(envelope.data, registered()[event_type])


@pytest.mark.parametrize("event_type", EVENTS)
def test_an_example_shows_every_field_and_nothing_else(event_type: str) -> None:
    data = _example(event_type)["data"]
    assert data.keys() == registered()[event_type].model_fields.keys()


@pytest.mark.parametrize("event_type", EVENTS)
def test_an_example_names_its_publisher_and_schema(event_type: str) -> None:
    envelope = _decoded(event_type)
    assert envelope.source == f"/services/{registered()[event_type].publisher}"
    assert envelope.dataschema == schema_uri(event_type)
    assert envelope.correlationid
    assert envelope.traceparent


@pytest.mark.parametrize("event_type", EVENTS)
def test_an_example_is_valid_against_the_committed_schema(event_type: str) -> None:
    schema = json.loads((GENERATED / f"{event_type}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(_example(event_type))


@pytest.mark.parametrize("field", ["id", "source", "type", "time", "data"])
def test_the_schema_refuses_an_envelope_without_a_required_attribute(field: str) -> None:
    document = _example("ticket.created.v1")
    del document[field]
    validator = jsonschema.Draft202012Validator(event_schema("ticket.created.v1"))
    assert not validator.is_valid(document)


def test_the_schema_refuses_an_event_under_another_type() -> None:
    validator = jsonschema.Draft202012Validator(event_schema("ticket.closed.v1"))
    assert not validator.is_valid(_example("ticket.created.v1"))


def test_no_example_names_a_real_domain() -> None:
    reserved = ("example.com", "example.org", "example.net")
    for event_type in EVENTS:
        for word in json.dumps(_example(event_type)).replace('"', " ").split():
            if "@" in word or "://" in word:
                assert any(domain in word for domain in reserved), word
