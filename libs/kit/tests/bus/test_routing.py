"""The embedded bus and the tests agree with RabbitMQ on who gets what."""

import pytest

from patchbay_contracts import QueueSpec
from patchbay_kit.bus.routing import Router


@pytest.mark.parametrize(
    ("pattern", "key", "wanted"),
    [
        ("ticket.opened.v1", "ticket.opened.v1", True),
        ("ticket.opened.v1", "ticket.opened.v10", False),
        ("ticket.opened.v1", "ticketXopened.v1", False),
        ("ticket.*.v1", "ticket.opened.v1", True),
        ("ticket.*.v1", "ticket.v1", False),
        ("ticket.#", "ticket", True),
        ("ticket.#", "ticket.opened.v1", True),
        ("ticket.#", "tickets.opened", False),
        ("#", "anything.at.all", True),
        ("#.v1", "ticket.v1", True),
        ("#.v1", "v1", True),
        ("*.*", "one", False),
    ],
)
def test_a_pattern_matches_as_in_a_topic_exchange(pattern: str, key: str, wanted: bool) -> None:
    router = Router([QueueSpec("q", "s", (pattern,))])

    assert bool(router.takers(key, None)) is wanted


def test_a_queue_with_two_matching_keys_gets_one_copy() -> None:
    router = Router([QueueSpec("q", "s", ("a.*", "a.b"))])

    assert router.takers("a.b", None) == ("q",)


def test_a_message_for_a_queue_goes_only_to_a_declared_one() -> None:
    router = Router([QueueSpec("q", "s", ("a",))])

    assert router.takers("a", "q") == ("q",)
    assert router.takers("a", "q.dlq") == ("q.dlq",)
    assert router.takers("a", "other") == ()
