"""The base of every event: what a class must declare, and the catalogue it enters.

A fact is named in the past tense and may have any number of consumers. A request is imperative
and has exactly one.
"""

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class EventKind(StrEnum):
    """A fact that anybody may consume, or a request to exactly one consumer."""

    FACT = "fact"
    REQUEST = "request"


class Part(BaseModel):
    """A value inside an event.

    Unknown fields are ignored so that a newer publisher does not break an older consumer.
    Validators are built with the first event: most services see a few of all the classes.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class EventData(Part):
    """The `data` of a CloudEvents 1.0 envelope.

    Subclasses declare `event` (type and routing key, `<noun>.<past-tense verb>.v<major>`) and
    `publisher` (service name):

        class TicketClosed(EventData, event="ticket.closed.v1", publisher="ticket-svc"): ...
    """

    event_type: ClassVar[str]
    publisher: ClassVar[str]
    event_kind: ClassVar[EventKind]

    def __init_subclass__(cls, **_declared: Any) -> None:
        """Keep the declaration from reaching `object`; pydantic hands it on to the hook below."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        event: str | None = None,
        publisher: str | None = None,
        kind: EventKind = EventKind.FACT,
        **kwargs: Any,
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if event is None or publisher is None:
            raise TypeError(f"{cls.__name__} must declare event= and publisher=")
        if event in _CATALOGUE:
            raise TypeError(
                f"{event} is defined twice: {_CATALOGUE[event].__name__}, {cls.__name__}"
            )
        cls.event_type = event
        cls.publisher = publisher
        cls.event_kind = kind
        _CATALOGUE[event] = cls


_CATALOGUE: dict[str, type[EventData]] = {}


def registered() -> dict[str, type[EventData]]:
    """Every event class by its type, in order of definition."""
    return dict(_CATALOGUE)
