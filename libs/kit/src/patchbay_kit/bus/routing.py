"""Which queues want a routing key, by the rules of an AMQP topic exchange (AMQP 0-9-1, 3.1.3.3)."""

import re

from patchbay_kit.bus.port import Topology, dead_letter_queue


class Router:
    """The topology as a question: who takes this? Answers are remembered, keys are few."""

    def __init__(self, topology: Topology) -> None:
        self.queues: frozenset[str] = frozenset(
            name for q in topology for name in (q.name, dead_letter_queue(q.name))
        )
        self._patterns = [
            (re.compile(_expression(key)), q.name) for q in topology for key in q.routing_keys
        ]
        self._known: dict[str, tuple[str, ...]] = {}

    def takers(self, routing_key: str, queue: str | None) -> tuple[str, ...]:
        """The names of the queues that get the message; none for a queue nobody declared."""
        if queue is not None:
            return (queue,) if queue in self.queues else ()
        if routing_key not in self._known:
            names = (n for p, n in self._patterns if p.fullmatch(routing_key))
            self._known[routing_key] = tuple(dict.fromkeys(names))
        return self._known[routing_key]

    def require(self, queue: str) -> None:
        """Refuse a queue that is neither in the topology nor the dead letters of one that is."""
        if queue not in self.queues:
            raise ValueError(f"queue {queue!r} is not in the topology")


def _expression(pattern: str) -> str:
    """`*` stands for one word, `#` for none or more."""
    expression = ""
    for number, word in enumerate(pattern.split(".")):
        dot = r"\." if number else ""
        if word == "#":
            expression += rf"(?:{dot}[^.]+)*" if number else r"(?:[^.]+(?:\.[^.]+)*)?"
        else:
            expression += dot + ("[^.]+" if word == "*" else re.escape(word))
    return expression
