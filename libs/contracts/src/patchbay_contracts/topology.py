"""The queues of the whole system as data, generated from the services' subscriptions.

`make schemas` writes it. Every process declares all of them before it publishes, so an event is
never lost because its consumer was deployed later.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

EXCHANGE = "patchbay.events"


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One queue of one consumer role. `name` is `<service>.<role>`."""

    name: str
    service: str
    routing_keys: tuple[str, ...]


@cache
def system_topology() -> tuple[QueueSpec, ...]:
    """All queues of all services."""
    raw = json.loads(files("patchbay_contracts").joinpath("generated/topology.json").read_text())
    return tuple(
        QueueSpec(q["name"], q["service"], tuple(q["routing_keys"])) for q in raw["queues"]
    )


@cache
def consumers_of(routing_key: str) -> tuple[str, ...]:
    """Names of the queues that want an event of this type."""
    return tuple(q.name for q in system_topology() if routing_key in q.routing_keys)
