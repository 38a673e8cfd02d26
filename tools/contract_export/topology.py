"""The queues of all services as data, in the shape that `patchbay_contracts.topology` reads."""

from typing import Any

from contract_export.services import System


def render_topology(system: System) -> dict[str, Any]:
    return {
        "queues": [
            {"name": q.name, "service": q.service, "routing_keys": list(q.routing_keys)}
            for q in system.queues
        ]
    }
