"""Exact money."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_svc.charges.rules import (
    amount,
    counted_minutes,
    from_decimal,
    money_text,
    quantity_text,
)


def test_decimal_texts_are_kept_as_whole_numbers_and_shown_again() -> None:
    assert [from_decimal(text, 2) for text in ("0", "12", "12.5", "12.05")] == [0, 1200, 1250, 1205]
    assert [money_text(value) for value in (0, 5, 1250)] == ["0.00", "0.05", "12.50"]
    assert [from_decimal(text, 3) for text in ("1", "1.5", "0.125")] == [1000, 1500, 125]
    assert [quantity_text(value) for value in (1000, 1500, 125, 0)] == ["1", "1.5", "0.125", "0"]


@pytest.mark.parametrize(
    ("minutes", "price", "expected"),
    [(90, 10_000, 15_000), (1, 30, 0), (1, 90, 2), (3, 50, 2), (20, 10_000, 3333)],
)
def test_work_costs_its_part_of_an_hour_and_halves_go_to_the_even_neighbour(
    minutes: int, price: int, expected: int
) -> None:
    assert amount("work", minutes=minutes, quantity=1000, unit_price=price) == expected


@settings(max_examples=50)
@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_an_amount_is_quantity_times_price_to_the_hundredth(quantity: int, price: int) -> None:
    exact = Decimal(quantity) / 1000 * Decimal(price) / 100
    rounded = exact.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    computed = amount("part", minutes=None, quantity=quantity, unit_price=price)
    assert Decimal(money_text(computed)) == rounded


def test_only_billable_work_takes_of_a_block() -> None:
    assert counted_minutes("work", minutes=30, billable=True) == 30
    assert counted_minutes("work", minutes=30, billable=False) == 0
    assert counted_minutes("part", minutes=None, billable=True) == 0
