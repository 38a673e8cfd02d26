"""What a contract warns of."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from ticket_svc.contracts.rules import crosses, remaining_minutes, warnings

TODAY = date(2026, 11, 20)


def terms(**fields: Any) -> Any:
    """A contract that there is nothing to say about, but for `fields`."""
    plain = {"starts_on": None, "ends_on": None, "block_minutes": None, "used_minutes": 0}
    return SimpleNamespace(**{"kind": "fixed", **plain, **fields})


@pytest.mark.covers("X-21")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"block_minutes": 60, "used_minutes": 59}, []),
        ({"block_minutes": 60, "used_minutes": 60}, ["used_up"]),
        ({"block_minutes": 60, "used_minutes": 90}, ["used_up"]),
        ({"starts_on": TODAY}, []),
        ({"starts_on": date(2026, 11, 21)}, ["not_started"]),
        ({"ends_on": date(2026, 12, 21)}, []),
        ({"ends_on": date(2026, 12, 20)}, ["ends_soon"]),
        ({"ends_on": TODAY}, ["ends_soon"]),
        ({"ends_on": date(2026, 11, 19)}, ["ended"]),
        (
            {"block_minutes": 1, "used_minutes": 1, "ends_on": date(2026, 1, 1)},
            ["used_up", "ended"],
        ),
    ],
)
def test_a_contract_warns_when_it_is_used_up_not_running_or_soon_over(
    fields: dict[str, Any], expected: list[str]
) -> None:
    assert [warning.code for warning in warnings(terms(**fields), TODAY)] == expected


def test_what_remains_of_a_block_can_be_less_than_nothing() -> None:
    assert remaining_minutes(terms()) is None
    assert remaining_minutes(terms(block_minutes=60, used_minutes=75)) == -15


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(0, 59, False), (59, 60, True), (0, 90, True), (60, 90, False), (90, 30, False)],
)
def test_a_block_is_exhausted_by_the_use_that_takes_its_last_minute(
    before: int, after: int, expected: bool
) -> None:
    assert crosses(60, before, after) is expected
    assert not crosses(None, before, after)
