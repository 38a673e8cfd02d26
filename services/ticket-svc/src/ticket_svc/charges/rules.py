"""Money and amounts of charges, exact: whole hundredths of the currency, thousandths of a piece.

A half is rounded to the even neighbour, so that many charges do not drift upwards. Pure.
"""

from typing import Literal

Kind = Literal["work", "expense", "part"]

ONE = 1000
_MINUTES_PER_HOUR = 60


def from_decimal(text: str, digits: int) -> int:
    """`"12.5"` with two digits after the point is 1250. The text has no more digits than that."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(digits, "0"))


def money_text(hundredths: int) -> str:
    """1250 is `"12.50"`."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def quantity_text(thousandths: int) -> str:
    """1500 is `"1.5"`, 2000 is `"2"`."""
    return f"{thousandths // ONE}.{thousandths % ONE:03d}".rstrip("0").removesuffix(".")


def amount(kind: str, *, minutes: int | None, quantity: int, unit_price: int) -> int:
    """In hundredths. The price of work is that of an hour, the others' that of one piece."""
    if kind == "work":
        return _half_even((minutes or 0) * unit_price, _MINUTES_PER_HOUR)
    return _half_even(quantity * unit_price, ONE)


def counted_minutes(kind: str, *, minutes: int | None, billable: bool) -> int:
    """What the charge takes of a block of hours: billable work does, nothing else (X-21)."""
    return minutes or 0 if kind == "work" and billable else 0


def _half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    up = 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    return whole + 1 if up else whole
