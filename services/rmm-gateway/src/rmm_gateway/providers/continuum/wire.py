"""Shapes on the wire of `continuum-sim/1`. Unknown fields are ignored: the vendor may add some."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


def _text(value: Any) -> Any:
    # Numbers for ids and names happen; NUL cannot be stored by PostgreSQL.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return value
    # A lone half of a surrogate pair is valid JSON and no valid text.
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def _key(value: Any) -> Any:
    text = _text(value)
    if isinstance(value, str) and text != value:
        raise ValueError("an id must be plain text")
    return text


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _blank_is_none(value: str | None) -> str | None:
    return value.strip() or None if value is not None else None


Key = Annotated[str, BeforeValidator(_key), Field(min_length=1, max_length=100)]
Words = Annotated[str, BeforeValidator(_text), Field(max_length=100_000)]
Line = Annotated[str, BeforeValidator(_text), Field(max_length=2000)]
# The constraints sit inside the union: None must not meet them.
OptionalKey = Annotated[Key | None, BeforeValidator(lambda v: v if v != "" else None)]
OptionalWords = Annotated[Line | None, AfterValidator(_blank_is_none)]
Moment = Annotated[datetime, AfterValidator(_utc)]


class Wire(BaseModel):
    """camelCase on the wire."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, frozen=True)


class WireBatch(Wire):
    """Answer of the queue; items are validated one by one so that a bad one hurts no other."""

    batch_id: Key
    items: list[Any]


class WireItem(Wire):
    """One update of the queue."""

    seq: Annotated[int, Field(ge=0, le=2**63 - 1)]
    kind: Key
    ticket_id: Key
    number: OptionalWords = None
    origin: OptionalWords = None
    site_id: OptionalKey = None
    site_name: OptionalWords = None
    device_id: OptionalKey = None
    device_name: OptionalWords = None
    device: dict[str, Any] | None = None
    assignee_group: OptionalWords = None
    reason: OptionalWords = None
    summary: Words = ""
    description: Words | None = None
    occurred_at: Moment
    url: OptionalWords = None


class WireTicket(Wire):
    """A ticket as the remote shows it."""

    ticket_id: Key
    status: OptionalWords = None
    closed_by: OptionalWords = None


class WireError(Wire):
    """The body of a refusal."""

    code: str = ""
    detail: str = ""
