"""The envelope: CloudEvents 1.0, structured JSON mode, with Patchbay's extensions.

Promise: `id` identifies one fact for ever; a redelivery carries the same id. `aggregateversion`
grows by at least one with every change of `subject`.
"""

from functools import cache
from typing import Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from patchbay_contracts.base import EventData, registered

T = TypeVar("T", bound=EventData)

CONTENT_TYPE = "application/cloudevents+json"


class UnknownEventError(ValueError):
    """No event of this type is defined in the catalogue."""


class Envelope(BaseModel, Generic[T]):
    """One event on the wire. `subject` is the id of the aggregate that changed."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(
        min_length=1, max_length=64, description="UUIDv7; the idempotency key of the fact"
    )
    source: str = Field(min_length=1, max_length=200, description="/services/<service name>")
    type: str = Field(min_length=1, max_length=100)
    subject: str = Field(min_length=1, max_length=300)
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str | None = None
    traceparent: str | None = Field(default=None, description="W3C Trace Context")
    correlationid: str | None = Field(
        default=None, description="id of the first event or request of the chain"
    )
    causationid: str | None = Field(
        default=None, description="id of the event that caused this one"
    )
    actor: str | None = Field(
        default=None,
        description="employee:<id>, contact:<id>, system:<service> or rmm:<connection id>",
    )
    aggregateversion: int = Field(ge=0)
    data: T


@cache
def _adapter(event_type: str) -> TypeAdapter[Envelope[EventData]]:
    cls = registered().get(event_type)
    if cls is None:
        raise UnknownEventError(event_type)
    return TypeAdapter(Envelope[cls])  # type: ignore[valid-type]  # parametrised at run time


def decode(event_type: str, body: bytes) -> Envelope[EventData]:
    """Parse and validate a structured-mode body of the given type.

    Raises UnknownEventError for a type outside the catalogue, ValueError where `type` in the body
    differs, pydantic.ValidationError for a bad shape.
    """
    envelope = _adapter(event_type).validate_json(body)
    if envelope.type != event_type:
        raise ValueError(f"routed as {event_type} but the body says {envelope.type}")
    return envelope


def schema_uri(event_type: str) -> str:
    """The `dataschema` of an event: a relative reference that every API answers on its own host."""
    return f"/schemas/{event_type}.json"
