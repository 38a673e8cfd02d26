"""Base classes of request and response bodies."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class RequestModel(BaseModel):
    """A request body: unknown members are refused, text is stripped, NUL characters are dropped.

    PostgreSQL cannot store NUL in text; dropping it here keeps both databases alike.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nul(cls, value: Any) -> Any:
        return without_nul(value)


class ResponseModel(BaseModel):
    """A response body; can be filled from a row or an object."""

    model_config = ConfigDict(from_attributes=True)


def without_nul(value: Any) -> Any:
    """`value` with NUL characters removed from every string in it."""
    if isinstance(value, str):
        return value.replace("\x00", "") if "\x00" in value else value
    if isinstance(value, dict):
        return {without_nul(key): without_nul(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_nul(entry) for entry in value]
    return value
