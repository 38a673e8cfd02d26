"""Decoding: what is refused, and what a consumer tolerates from a newer publisher."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from patchbay_contracts import (
    EXPLANATIONS,
    EmailDecided,
    ReasonCode,
    UnknownEventError,
    decode,
    explanation,
)

EXAMPLES = Path(__file__).parent.parent / "examples"


def _document(event_type: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{event_type}.json").read_text("utf-8"))
    return document


def _bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def test_a_type_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(UnknownEventError):
        decode("ticket.eaten.v1", b"{}")


def test_a_body_of_another_type_than_its_routing_key_is_refused() -> None:
    document = _document("ticket.closed.v1") | {"type": "ticket.reopened.v1"}
    with pytest.raises(ValueError, match="routed as"):
        decode("ticket.closed.v1", _bytes(document))


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"specversion":"1.0"}']
)
def test_a_body_that_is_no_envelope_is_a_validation_error(body: bytes) -> None:
    with pytest.raises(ValidationError):
        decode("ticket.closed.v1", body)


def test_a_time_without_a_zone_is_refused() -> None:
    document = _document("ticket.closed.v1") | {"time": "2026-09-14T06:58:12"}
    with pytest.raises(ValidationError):
        decode("ticket.closed.v1", _bytes(document))


def test_fields_of_a_newer_publisher_are_ignored() -> None:
    document = _document("ticket.closed.v1")
    document["sampledrate"] = 7
    document["data"]["mood"] = "relieved"
    document["data"]["remote"]["tenant"] = "north"
    assert decode("ticket.closed.v1", _bytes(document)).data.event_type == "ticket.closed.v1"


class TestReasonCode:
    def test_a_newer_code_is_kept_as_it_is(self) -> None:
        document = _document("email.decided.v1")
        document["data"]["reasons"] = [{"code": "mail.by_telepathy"}]
        data = decode("email.decided.v1", _bytes(document)).data
        assert isinstance(data, EmailDecided)
        assert data.reasons[0].code == "mail.by_telepathy"
        assert json.loads(data.model_dump_json())["reasons"][0]["code"] == "mail.by_telepathy"
        assert "newer release" in explanation(data.reasons[0].code).meaning

    def test_what_cannot_be_a_code_is_refused(self) -> None:
        document = _document("email.decided.v1")
        for code in ("", "mail", "Mail.ByToken", "mail.by token", "a" * 50 + ".b", 7):
            document["data"]["reasons"] = [{"code": code}]
            with pytest.raises(ValidationError):
                decode("email.decided.v1", _bytes(document))

    def test_every_known_code_is_explained(self) -> None:
        assert set(EXPLANATIONS) == set(ReasonCode)
        assert all(known.meaning.endswith(".") for known in EXPLANATIONS.values())
