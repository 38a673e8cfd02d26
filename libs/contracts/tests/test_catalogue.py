"""The catalogue: names follow the scheme, every event says what it means."""

import re

import pytest

import patchbay_contracts
from patchbay_contracts import EventData, EventKind, registered
from patchbay_contracts.schemas import summary

SERVICES = {"ticket-svc", "link-svc", "rmm-gateway", "email-gateway", "notifier"}
FACT = re.compile(r"[a-z]+(_[a-z]+)*\.([a-z]+_)*([a-z]+ed|sent)(_[a-z]+)*\.v[1-9]\d*")
REQUEST = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*\.v[1-9]\d*")
EVENTS = sorted(registered().items())


@pytest.mark.parametrize(("event_type", "event"), EVENTS)
def test_a_fact_is_named_in_the_past_tense_and_a_request_is_imperative(
    event_type: str, event: type[EventData]
) -> None:
    fact = event.event_kind is EventKind.FACT
    assert (FACT if fact else REQUEST).fullmatch(event_type)
    assert fact or not FACT.fullmatch(event_type)


@pytest.mark.parametrize(("event_type", "event"), EVENTS)
def test_the_class_of_a_fact_is_its_type_in_camel_case(
    event_type: str, event: type[EventData]
) -> None:
    noun, verb, version = event_type.split(".")
    words = [noun, verb] if event.event_kind is EventKind.FACT else [verb, noun]
    if event_type == "email.send_alert.v1":
        words = ["send", "alert", "email"]
    suffix = "" if version == "v1" else version.capitalize()
    expected = "".join(part.capitalize() for word in words for part in word.split("_")) + suffix
    assert event.__name__ == expected


@pytest.mark.parametrize(("event_type", "event"), EVENTS)
def test_an_event_is_exported_has_a_publisher_of_ours_and_says_what_it_means(
    event_type: str, event: type[EventData]
) -> None:
    assert getattr(patchbay_contracts, event.__name__) is event
    assert event.publisher in SERVICES
    assert summary(event_type).endswith(".")
    assert event.__doc__ != EventData.__doc__


def test_a_type_cannot_be_defined_twice() -> None:
    with pytest.raises(TypeError, match="defined twice"):

        class _Again(EventData, event="ticket.closed.v1", publisher="ticket-svc"):
            """Never."""


def test_an_event_must_declare_its_type_and_publisher() -> None:
    with pytest.raises(TypeError, match="must declare"):

        class _Nameless(EventData):
            """Never."""


def test_the_public_names_are_exactly_what_all_lists() -> None:
    public = {
        name
        for name, value in vars(patchbay_contracts).items()
        if not name.startswith("_") and not hasattr(value, "__spec__")
    }
    assert public == set(patchbay_contracts.__all__)
