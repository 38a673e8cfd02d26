"""Which queues want a routing key, by the rules of an AMQP topic exchange (AMQP 0-9-1, 3.1.3.3)."""

from patchbay_kit.bus.port import Topology, dead_letter_queue


class Router:
    """The topology as a question: who takes this? Answers are remembered, keys are few."""

    def __init__(self, topology: Topology) -> None:
        self.queues: frozenset[str] = frozenset(
            name for q in topology for name in (q.name, dead_letter_queue(q.name))
        )
        self._patterns = [(key.split("."), q.name) for q in topology for key in q.routing_keys]
        self._known: dict[str, tuple[str, ...]] = {}

    def takers(self, routing_key: str, queue: str | None) -> tuple[str, ...]:
        """The names of the queues that get the message; none for a queue nobody declared."""
        if queue is not None:
            return (queue,) if queue in self.queues else ()
        if routing_key not in self._known:
            words = routing_key.split(".")
            names = (name for pattern, name in self._patterns if _matches(pattern, words))
            self._known[routing_key] = tuple(dict.fromkeys(names))
        return self._known[routing_key]

    def require(self, queue: str) -> None:
        """Refuse a queue that is neither in the topology nor the dead letters of one that is."""
        if queue not in self.queues:
            raise ValueError(f"queue {queue!r} is not in the topology")


def _matches(pattern: list[str], key: list[str]) -> bool:
    """`*` stands for one word, `#` for none or more."""
    if not pattern:
        return not key
    if pattern[0] == "#":
        return _matches(pattern[1:], key) or (bool(key) and _matches(pattern, key[1:]))
    return bool(key) and pattern[0] in ("*", key[0]) and _matches(pattern[1:], key[1:])
