"""Who publishes and who consumes: read from the services' sources and the generated topology.

A service constructs an event class to publish it, so a construction in its source counts as one.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from patchbay_contracts import EventData, EventKind, consumers_of, registered, system_topology
from patchbay_kit.testing import sources

ROOT = Path(__file__).parents[2]
SOURCES = {
    "ticket-svc": ROOT / "services/ticket-svc/src",
    "link-svc": ROOT / "services/link-svc/src",
    "rmm-gateway": ROOT / "services/rmm-gateway/src",
    "email-gateway": ROOT / "services/email-gateway/src",
    "notifier": ROOT / "services/notifier/src",
}
EVENTS = sorted(registered().values(), key=lambda event: event.event_type)
BY_CLASS = {event.__name__: event for event in EVENTS}


def _names(node: ast.expr) -> Iterator[str]:
    """The classes that a called expression may be: `X`, `module.X`, `(X if c else Y)`."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.IfExp):
        yield from _names(node.body)
        yield from _names(node.orelse)


@cache
def _constructed(service: str) -> frozenset[str]:
    """Event classes that the service's source constructs."""
    found: set[str] = set()
    for path in SOURCES[service].rglob("*.py"):
        for node in sources.nodes(path):
            if isinstance(node, ast.Call):
                found.update(_names(node.func))
    return frozenset(found & BY_CLASS.keys())


def _consumes(service: str, event: type[EventData]) -> bool:
    queues = system_topology()
    return any(q.service == service and event.event_type in q.routing_keys for q in queues)


def _ids(event: type[EventData]) -> str:
    return event.event_type


@pytest.mark.parametrize("event", EVENTS, ids=_ids)
def test_a_request_has_exactly_one_consumer(event: type[EventData]) -> None:
    if event.event_kind is EventKind.REQUEST:
        assert len(consumers_of(event.event_type)) == 1


@pytest.mark.parametrize("event", EVENTS, ids=_ids)
def test_what_is_consumed_is_published(event: type[EventData]) -> None:
    if consumers_of(event.event_type):
        assert event.__name__ in _constructed(event.publisher)


@pytest.mark.parametrize("event", EVENTS, ids=_ids)
def test_an_event_is_published_by_the_service_that_declares_it(event: type[EventData]) -> None:
    assert event.__name__ in _constructed(event.publisher)


@pytest.mark.parametrize("service", SOURCES)
def test_a_service_publishes_no_event_of_another(service: str) -> None:
    """It may construct what it consumes: to read one event as another, as with SendAlertEmail."""
    foreign = {name for name in _constructed(service) if BY_CLASS[name].publisher != service}
    assert {name for name in foreign if not _consumes(service, BY_CLASS[name])} == set()


@pytest.mark.parametrize("service", SOURCES)
def test_a_service_does_not_consume_its_own_facts(service: str) -> None:
    """Its own state is in its own database; a round trip over the bus would only be later."""
    own = {event.event_type for event in EVENTS if event.publisher == service}
    for queue in system_topology():
        if queue.service == service:
            assert own.isdisjoint(queue.routing_keys)


@pytest.mark.covers("S1-50")
def test_of_all_that_happens_to_a_ticket_the_gateway_hears_that_it_was_closed_or_reopened() -> None:
    told = {key for q in system_topology() if q.service == "rmm-gateway" for key in q.routing_keys}
    ours = {event.event_type for event in EVENTS if event.publisher == "ticket-svc"}
    assert told & ours == {"ticket.closed.v1", "ticket.reopened.v1"}


def test_every_queue_belongs_to_a_service_and_wants_events_of_the_catalogue() -> None:
    queues = system_topology()
    assert len({queue.name for queue in queues}) == len(queues)
    for queue in queues:
        assert queue.service in SOURCES
        assert queue.name.startswith(f"{queue.service}.")
        assert queue.routing_keys
        assert set(queue.routing_keys) <= set(registered())


def test_event_types_are_written_down_in_the_catalogue_only() -> None:
    """A service names an event by its class, so that one search finds every use."""
    written: list[str] = []
    for service, source in SOURCES.items():
        for path in source.rglob("*.py"):
            for node in sources.nodes(path):
                if isinstance(node, ast.Constant) and node.value in registered():
                    written.append(f"{service}: {path.name}:{node.lineno} {node.value}")
    assert written == []
