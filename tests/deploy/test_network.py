"""What may talk to what: rendered network policies against a table of what has to and must not."""

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

SERVICES = ("ticket-svc", "link-svc", "rmm-gateway", "email-gateway", "notifier")
Document = dict[str, Any]
Labels = dict[str, str]
Peer = str  # "service/role", "name" of another pod, "ns:label", or an IP address


def _labels(peer: Peer) -> Labels:
    name, _, role = peer.partition("/")
    ours = {"app.kubernetes.io/part-of": "patchbay", "app.kubernetes.io/component": role}
    if name == "cnpg":
        return {"cnpg.io/cluster": "postgres"}
    return {"app.kubernetes.io/name": name, **(ours if role else {})}


def _selects(selector: Document | None, labels: Labels) -> bool:
    if selector is None:
        return False
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def _is_address(peer: Peer) -> bool:
    return peer[0].isdigit()


def _peer_matches(rule: Document, peer: Peer) -> bool:
    if "ipBlock" in rule:
        if not _is_address(peer):
            return False
        block, address = rule["ipBlock"], ipaddress.ip_address(peer)
        inside = [ipaddress.ip_network(each) for each in block.get("except", [])]
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in network for network in inside
        )
    if _is_address(peer):
        return False
    if peer.startswith("ns:"):
        key, _, value = peer.removeprefix("ns:").partition("=")
        return "namespaceSelector" in rule and _selects(rule["namespaceSelector"], {key: value})
    return "namespaceSelector" not in rule and _selects(rule["podSelector"], _labels(peer))


def _allows(policies: list[Document], direction: str, subject: Peer, peer: Peer, port: int) -> bool:
    """The rules of one side. A pod that no policy of this direction selects is open."""
    if _is_address(subject) or subject.startswith("ns:"):
        return True
    mine = [
        each["spec"]
        for each in policies
        if direction in each["spec"]["policyTypes"]
        and _selects(each["spec"]["podSelector"], _labels(subject))
    ]
    side = "to" if direction == "Egress" else "from"
    rules = [rule for spec in mine for rule in spec.get(direction.lower(), [])]
    return not mine or any(
        (side not in rule or any(_peer_matches(each, peer) for each in rule[side]))
        and ("ports" not in rule or any(each["port"] == port for each in rule["ports"]))
        for rule in rules
    )


def _connects(policies: list[Document], source: Peer, target: Peer, port: int) -> bool:
    return _allows(policies, "Egress", source, target, port) and _allows(
        policies, "Ingress", target, source, port
    )


GATEWAY, MONITORING = "ns:patchbay/gateway=true", "ns:patchbay/monitoring=true"
PUBLIC, PRIVATE, METADATA = "93.184.216.34", "10.1.2.3", "169.254.169.254"
DNS = "ns:kubernetes.io/metadata.name=kube-system"
RUNNING = [f"{service}/{role}" for service in SERVICES for role in ("api", "worker", "relay")]
ALL = [*RUNNING, *(f"{service}/migrate" for service in SERVICES)]

NEEDED = [
    *((pod, DNS, 53) for pod in ALL),
    *((pod, "rabbitmq", 5672) for pod in RUNNING),
    *((f"{service}/api", "ticket-svc/api", 8080) for service in SERVICES),
    *((MONITORING, pod, 8080) for pod in RUNNING),
    *((GATEWAY, f"{service}/api", 8080) for service in SERVICES),
    ("rmm-gateway/api", PUBLIC, 443),
    ("rmm-gateway/worker", PUBLIC, 443),
    *(("email-gateway/worker", PUBLIC, port) for port in (465, 587, 993)),
    (PUBLIC, "email-gateway/worker", 2525),
]
DATABASE = {"dev": "postgres", "prod": "cnpg"}
ONLY = {
    "dev": [
        *(("front", f"{service}/api", 8080) for service in SERVICES),
        ("rmm-gateway/api", "continuum-sim", 8080),
        ("rmm-gateway/worker", "continuum-sim", 8080),
        ("email-gateway/worker", "mailpit", 1025),
        ("demo-connection", "front", 8080),
    ],
    "prod": [
        ("cnpg", "cnpg", 5432),
        ("rabbitmq", "rabbitmq", 25672),
        ("ns:kubernetes.io/metadata.name=keda", "rabbitmq", 15672),
        ("ns:kubernetes.io/metadata.name=rabbitmq-system", "rabbitmq", 15672),
        ("ns:kubernetes.io/metadata.name=cnpg-system", "cnpg", 8000),
    ],
}
FORBIDDEN = [
    *((pod, PUBLIC, 443) for pod in ALL if not pod.startswith("rmm-gateway/")),
    *((pod, address, port) for pod in ALL for address in (PRIVATE, METADATA) for port in (80, 443)),
    *((pod, PUBLIC, 25) for pod in ALL),
    *((GATEWAY, f"{service}/{role}", 8080) for service in SERVICES for role in ("worker", "relay")),
    *((PUBLIC, f"{service}/api", 8080) for service in SERVICES),
    *((pod, "link-svc/api", 8080) for pod in ALL),
    *((f"{s}/migrate", "rabbitmq", 15672) for s in SERVICES),
    (PUBLIC, "rabbitmq", 5672),
    (MONITORING, "rabbitmq", 5672),
]


@pytest.fixture(params=["dev", "prod"])
def name(request: pytest.FixtureRequest) -> str:
    """The overlay's name."""
    return str(request.param)


@pytest.fixture
def policies(name: str, render: Callable[[str], list[Document]]) -> list[Document]:
    """The network policies of one overlay."""
    return [e for e in render(f"overlays/{name}") if e["kind"] == "NetworkPolicy"]


@pytest.mark.slow
def test_what_has_to_talk_can(name: str, policies: list[Document]) -> None:
    needed = [*NEEDED, *ONLY[name], *((pod, DATABASE[name], 5432) for pod in ALL)]
    cut = [each for each in needed if not _connects(policies, *each)]
    assert cut == []


@pytest.mark.slow
def test_nothing_else_does(name: str, policies: list[Document]) -> None:
    forbidden = [*FORBIDDEN, (PUBLIC, DATABASE[name], 5432), (GATEWAY, DATABASE[name], 5432)]
    open_ = [each for each in forbidden if _connects(policies, *each)]
    assert open_ == []


def test_every_pod_is_shut_unless_a_rule_opens_it(policies: list[Document]) -> None:
    assert any(
        each["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        for each in policies
    )
