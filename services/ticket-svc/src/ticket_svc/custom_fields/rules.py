"""What a value of a custom field may be. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

MAX_TEXT = 2000
# Beyond it a number is no longer exact in JSON (RFC 8259, section 6).
MAX_NUMBER = 2**53 - 1
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Definition:
    """A field that the desk has added to a kind of record."""

    key: str
    kind: str
    choices: tuple[str, ...] = ()
    active: bool = True


class ValueRefusedError(ValueError):
    """A value that the field does not take: `code` for programs, the message for people."""

    def __init__(self, key: str, code: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.code = code


def checked(definitions: Iterable[Definition], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored, in the fields' own form; None says that one is removed.

    ValueRefusedError for a key that is not defined, for a field that is archived (it can be removed
    only), and for a value of another kind.
    """
    known = {definition.key: definition for definition in definitions}
    result: dict[str, Any] = {}
    for key, value in values.items():
        definition = known.get(key)
        if definition is None:
            raise ValueRefusedError(key, "custom_field_unknown", "There is no such field.")
        if value is None:
            result[key] = None
            continue
        if not definition.active:
            raise ValueRefusedError(key, "custom_field_archived", "The field is archived.")
        result[key] = _KINDS[definition.kind](definition, value)
    return result


def merged(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`current` with the checked `changes` in it; what is None there is gone."""
    together = {**current, **changes}
    return {key: value for key, value in together.items() if value is not None}


def _text(definition: Definition, value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise _wrong(definition, f"This field takes text of at most {MAX_TEXT} characters.")
    return value


def _number(definition: Definition, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(definition, "This field takes a number.")
    if not isfinite(value) or abs(value) > MAX_NUMBER:
        raise _wrong(definition, "The number is too great.")
    return value


def _flag(definition: Definition, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(definition, "This field takes true or false.")
    return value


def _day(definition: Definition, value: Any) -> str:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass  # Such as the 30th of February: refused like any other text.
    raise _wrong(definition, "This field takes a date such as 2026-11-20.")


def _choice(definition: Definition, value: Any) -> str:
    if not isinstance(value, str) or value not in definition.choices:
        raise _wrong(definition, "This field takes one of: " + ", ".join(definition.choices))
    return value


def _wrong(definition: Definition, message: str) -> ValueRefusedError:
    return ValueRefusedError(definition.key, "custom_field_invalid", message)


_KINDS: dict[str, Callable[[Definition, Any], Value]] = {
    "text": _text,
    "number": _number,
    "flag": _flag,
    "date": _day,
    "choice": _choice,
}
