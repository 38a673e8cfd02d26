"""The five services' definitions, and what follows from their subscriptions."""

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Final

from patchbay_contracts import EventData, QueueSpec
from patchbay_kit.runtime import ServiceDefinition

PACKAGES: Final = ("ticket_svc", "link_svc", "rmm_gateway", "email_gateway", "notifier")


@dataclass(frozen=True, slots=True)
class System:
    """All services and queues, in an order that does not depend on the import order."""

    services: tuple[ServiceDefinition, ...]
    queues: tuple[QueueSpec, ...]

    def queues_of(self, event: type[EventData]) -> tuple[QueueSpec, ...]:
        return tuple(queue for queue in self.queues if event.event_type in queue.routing_keys)


def load_system() -> System:
    """Import `<package>.definition:SERVICE` of every service; a missing one is an error."""
    services = tuple(resolve_name(f"{package}.definition:SERVICE") for package in PACKAGES)
    queues = [queue for service in services for queue in service.subscriptions.queues()]
    ordered = sorted(queues, key=lambda queue: queue.name)
    return System(
        services,
        tuple(QueueSpec(q.name, q.service, tuple(sorted(set(q.routing_keys)))) for q in ordered),
    )
