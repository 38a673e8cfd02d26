"""The generated topology as the processes read it."""

from patchbay_contracts import consumers_of, registered, system_topology


def test_every_queue_is_named_after_its_service_and_wants_known_events() -> None:
    for queue in system_topology():
        assert queue.name.startswith(f"{queue.service}.")
        assert set(queue.routing_keys) <= set(registered())


def test_consumers_are_the_queues_that_list_the_event() -> None:
    for queue in system_topology():
        for key in queue.routing_keys:
            assert queue.name in consumers_of(key)
    assert consumers_of("ticket.eaten.v1") == ()
