"""The compatibility check, against changes planted into a real schema."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from patchbay_contracts import ReasonCode, registered
from patchbay_contracts.compat import breaking_changes
from patchbay_contracts.schemas import event_schema

Schema = dict[str, Any]
Change = Callable[[Schema], None]


def _created(schema: Schema) -> Schema:
    part: Schema = schema["$defs"]["TicketCreated"]
    return part


def _remove_field(schema: Schema) -> None:
    del _created(schema)["properties"]["priority"]


def _remove_required_field(schema: Schema) -> None:
    del _created(schema)["properties"]["number"]
    _created(schema)["required"].remove("number")


def _retype(schema: Schema) -> None:
    _created(schema)["properties"]["ticket_id"] = {"type": "integer"}


def _retype_nested(schema: Schema) -> None:
    schema["$defs"]["PersonRef"]["properties"]["email"] = {"type": "object"}


def _retype_list_items(schema: Schema) -> None:
    _created(schema)["properties"]["reasons"]["items"] = {"type": "string"}


def _retype_map_values(schema: Schema) -> None:
    schema["$defs"]["Reason"]["properties"]["params"]["additionalProperties"] = {"type": "string"}


def _make_nullable(schema: Schema) -> None:
    _created(schema)["properties"]["subject"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def _make_not_nullable(schema: Schema) -> None:
    _created(schema)["properties"]["asset_id"] = {"type": "string"}


def _remove_value(schema: Schema) -> None:
    schema["$defs"]["Channel"]["enum"].remove("web")


def _add_value_to_closed_list(schema: Schema) -> None:
    schema["$defs"]["Channel"]["enum"].append("fax")


def _open_a_closed_list(schema: Schema) -> None:
    del schema["$defs"]["Channel"]["enum"]


def _remove_value_of_open_list(schema: Schema) -> None:
    schema["$defs"]["ReasonCode"]["x-extensible-enum"].remove("mail.bounce")


def _new_required_field(schema: Schema) -> None:
    _created(schema)["properties"]["mood"] = {"type": "string"}
    _created(schema)["required"].append("mood")


def _require_an_optional_field(schema: Schema) -> None:
    _created(schema)["required"].append("asset_id")


def _no_longer_required(schema: Schema) -> None:
    _created(schema)["required"].remove("account_id")


def _other_pattern(schema: Schema) -> None:
    _created(schema)["properties"]["number"]["pattern"] = r"^\d{5}-\d{4}$"


def _shorter(schema: Schema) -> None:
    schema["properties"]["subject"]["maxLength"] = 100


def _other_format(schema: Schema) -> None:
    _created(schema)["properties"]["created_at"]["format"] = "date"


def _envelope_attribute_removed(schema: Schema) -> None:
    del schema["properties"]["correlationid"]


def _other_publisher(schema: Schema) -> None:
    schema["properties"]["source"]["const"] = "/services/notifier"


BREAKING: list[tuple[Change, str]] = [
    (_remove_field, "/data/priority: removed"),
    (_remove_required_field, "/data/number: removed"),
    (_retype, "/data/ticket_id: was string, is integer"),
    (_retype_nested, "/data/manager/email: was string, is object"),
    (_retype_list_items, "/data/reasons[]: was object, is string"),
    (_retype_map_values, "/data/reasons[]/params{}: was any, is string"),
    (_make_nullable, "/data/subject: was string, is null|string"),
    (_make_not_nullable, "/data/asset_id: was null|string, is string"),
    (_remove_value, "/data/channel: value web removed"),
    (_add_value_to_closed_list, "/data/channel: value fax added to a closed list"),
    (_open_a_closed_list, "/data/channel: a closed list became open, or the other way"),
    (_remove_value_of_open_list, "/data/reasons[]/code: value mail.bounce removed"),
    (_new_required_field, "/data/mood: is required now, old events do not have it"),
    (_require_an_optional_field, "/data/asset_id: is required now, old events do not have it"),
    (_no_longer_required, "/data/account_id: was required, may be left out now"),
    (_other_pattern, "/data/number: pattern was"),
    (_shorter, "/subject: maxLength was 300, is 100"),
    (_other_format, "/data/created_at: format was date-time, is date"),
    (_envelope_attribute_removed, "/correlationid: removed"),
    (_other_publisher, "/source: const was"),
]


@pytest.mark.parametrize(("change", "expected"), BREAKING)
def test_a_planted_breaking_change_is_caught_and_named(change: Change, expected: str) -> None:
    old = event_schema("ticket.created.v1")
    new = deepcopy(old)
    change(new)
    assert any(found.startswith(expected) for found in breaking_changes(old, new))


def _new_optional_field(schema: Schema) -> None:
    _created(schema)["properties"]["mood"] = {"type": "string", "default": "calm"}


def _other_words(schema: Schema) -> None:
    schema["description"] = "Better said."
    _created(schema)["description"] = "Better said."
    _created(schema)["properties"]["number"]["description"] = "Better said."


def _new_value_of_open_list(schema: Schema) -> None:
    schema["$defs"]["ReasonCode"]["x-extensible-enum"].append("mail.by_telepathy")


def _renamed_part(schema: Schema) -> None:
    schema["$defs"]["Person"] = schema["$defs"].pop("PersonRef")
    _created(schema)["properties"]["manager"]["anyOf"][0]["$ref"] = "#/$defs/Person"


@pytest.mark.parametrize(
    "change", [_new_optional_field, _other_words, _new_value_of_open_list, _renamed_part]
)
def test_a_change_that_both_sides_survive_is_allowed(change: Change) -> None:
    old = event_schema("ticket.created.v1")
    new = deepcopy(old)
    change(new)
    assert breaking_changes(old, new) == []


@pytest.mark.parametrize("event_type", sorted(registered()))
def test_a_schema_is_compatible_with_itself(event_type: str) -> None:
    assert breaking_changes(event_schema(event_type), event_schema(event_type)) == []


def test_the_reason_codes_are_an_open_list_on_the_wire() -> None:
    codes = event_schema("ticket.created.v1")["$defs"]["ReasonCode"]
    assert "enum" not in codes
    assert codes["x-extensible-enum"] == [code.value for code in ReasonCode]
