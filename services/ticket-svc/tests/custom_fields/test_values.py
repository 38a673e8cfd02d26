"""Which values custom fields take."""

from typing import Any

import pytest

from ticket_svc.custom_fields.rules import Definition, ValueRefusedError, checked, merged

FIELDS = [
    Definition("rack", "text"),
    Definition("units", "number"),
    Definition("rented", "flag"),
    Definition("bought", "date"),
    Definition("class", "choice", ("A", "B")),
    Definition("old", "text", active=False),
]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rack", "R1"),
        ("rack", ""),
        ("units", 4),
        ("units", -0.5),
        ("rented", False),
        ("bought", "2024-02-29"),
        ("class", "B"),
        ("class", None),
        ("old", None),
    ],
)
def test_a_value_of_its_kind_is_taken_as_it_is(key: str, value: Any) -> None:
    taken = checked(FIELDS, {key: value})
    assert taken == {key: value}
    assert type(taken[key]) is type(value)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("color", "red", "custom_field_unknown"),
        ("color", None, "custom_field_unknown"),
        ("old", "x", "custom_field_archived"),
        ("rack", 1, "custom_field_invalid"),
        ("rack", "x" * 2001, "custom_field_invalid"),
        ("units", "4", "custom_field_invalid"),
        ("units", True, "custom_field_invalid"),
        ("units", float("nan"), "custom_field_invalid"),
        ("units", 2**53, "custom_field_invalid"),
        ("rented", 1, "custom_field_invalid"),
        ("bought", "2023-02-29", "custom_field_invalid"),
        ("bought", "20240229", "custom_field_invalid"),
        ("bought", 20240229, "custom_field_invalid"),
        ("class", "C", "custom_field_invalid"),
    ],
)
def test_anything_else_is_refused_and_the_field_is_named(key: str, value: Any, code: str) -> None:
    with pytest.raises(ValueRefusedError) as refused:
        checked(FIELDS, {key: value})
    assert (refused.value.key, refused.value.code) == (key, code)
    assert str(refused.value)


def test_a_change_leaves_the_other_values_and_null_removes_one() -> None:
    current = {"rack": "R1", "units": 4, "rented": False}
    assert merged(current, {"units": None, "class": "A"}) == {
        "rack": "R1",
        "rented": False,
        "class": "A",
    }
    assert merged(current, {}) == current
