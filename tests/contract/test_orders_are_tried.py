"""Every handler of every subscription has a property test that delivers its events in any order,
and again.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from patchbay_contracts import registered, system_topology
from patchbay_kit.testing import sources

ROOT = Path(__file__).parents[2]


def _marked(service: str) -> Iterator[str]:
    """The events that the service's tests name in `pytest.mark.any_order`."""
    for path in (ROOT / "services" / service / "tests").rglob("test_*.py"):
        for node in sources.nodes(path):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.any_order":
                yield from (ast.literal_eval(each) for each in node.args)


def test_every_subscription_is_tried_in_any_order_and_again() -> None:
    classes = {name: event.__name__ for name, event in registered().items()}
    consumed = {
        (queue.service, classes[key]) for queue in system_topology() for key in queue.routing_keys
    }
    services = {service for service, _ in consumed}
    tried = {(service, event) for service in services for event in _marked(service)}
    assert len(consumed) > 30
    assert sorted(consumed - tried) == []
    assert sorted(tried - consumed) == []
