"""Resources of operators: no field that was not checked, and nothing refers to what is not there.

The fields were compared with the operators' own definitions (August 2026, closed against unknown
fields): KEDA, Gateway API, CloudNativePG, RabbitMQ cluster and topology operator, Prometheus
operator. A new field belongs into this list once that was done for it.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from patchbay_kit.runtime import ServiceDefinition

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
Document = dict[str, Any]

RESOURCES = ("requests.cpu", "requests.memory", "limits.memory")
KNOWN: dict[str, list[str]] = {
    "gateway.networking.k8s.io/v1 HTTPRoute": [
        "hostnames", "parentRefs.name", "rules.backendRefs.name", "rules.backendRefs.port",
        "rules.matches.path.type", "rules.matches.path.value",
    ],
    "keda.sh/v1alpha1 ScaledObject": [
        "fallback.failureThreshold", "fallback.replicas", "maxReplicaCount",
        "minReplicaCount", "pollingInterval", "scaleTargetRef.name", "triggers.type",
        "triggers.authenticationRef.name", "triggers.metadata.mode", "triggers.metadata.protocol",
        "triggers.metadata.queueName", "triggers.metadata.value", "triggers.metadata.vhostName",
    ],
    "keda.sh/v1alpha1 TriggerAuthentication": [
        "secretTargetRef.key", "secretTargetRef.name", "secretTargetRef.parameter",
    ],
    "monitoring.coreos.com/v1 PodMonitor": [
        "podMetricsEndpoints.interval", "podMetricsEndpoints.path", "podMetricsEndpoints.port",
        "podMetricsEndpoints.scrapeTimeout", "podTargetLabels", "selector.matchExpressions.key",
        "selector.matchExpressions.operator", "selector.matchExpressions.values",
        "selector.matchLabels.app.kubernetes.io/part-of",
    ],
    "monitoring.coreos.com/v1 PrometheusRule": [
        "groups.name", "groups.rules.alert", "groups.rules.annotations.runbook",
        "groups.rules.annotations.summary", "groups.rules.expr", "groups.rules.for",
        "groups.rules.labels.severity",
    ],
    "postgresql.cnpg.io/v1 Cluster": [
        "affinity.enablePodAntiAffinity", "affinity.podAntiAffinityType", "affinity.topologyKey",
        "enablePDB", "instances", "managed.roles.ensure", "managed.roles.login",
        "managed.roles.name", "managed.roles.passwordSecret.name",
        "postgresql.parameters.max_connections", "postgresql.parameters.shared_buffers",
        "postgresql.synchronous.dataDurability", "postgresql.synchronous.method",
        "postgresql.synchronous.number", "storage.size", "walStorage.size",
        *(f"resources.{each}" for each in RESOURCES),
    ],
    "postgresql.cnpg.io/v1 Database": ["cluster.name", "databaseReclaimPolicy", "name", "owner"],
    "rabbitmq.com/v1beta1 Permission": [
        "permissions.configure", "permissions.read", "permissions.write",
        "rabbitmqClusterReference.name", "userReference.name", "vhost",
    ],
    "rabbitmq.com/v1beta1 RabbitmqCluster": [
        "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.labelSelector"
        ".matchLabels.app.kubernetes.io/name",
        "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.topologyKey",
        "persistence.storage", "rabbitmq.additionalConfig", "replicas",
        "terminationGracePeriodSeconds", *(f"resources.{each}" for each in RESOURCES),
    ],
    "rabbitmq.com/v1beta1 User": [
        "importCredentialsSecret.name", "rabbitmqClusterReference.name", "tags",
    ],
    "rabbitmq.com/v1beta1 Vhost": [
        "defaultQueueType", "name", "rabbitmqClusterReference.name",
    ],
}  # fmt: skip
BUILT_IN = {
    "v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1",
}  # fmt: skip


@pytest.fixture
def production(render: Callable[[str], list[Document]]) -> list[Document]:
    """The overlay that has all of them."""
    return render("overlays/prod")


def _kind(document: Document) -> str:
    return f"{document['apiVersion']} {document['kind']}"


def _fields(value: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner, path)
    else:
        yield ".".join(path)


def _of(documents: list[Document], kind: str) -> list[Document]:
    return [each for each in documents if each["kind"] == kind]


def test_every_field_is_one_that_the_operator_knows(production: list[Document]) -> None:
    custom = [each for each in production if each["apiVersion"] not in BUILT_IN]
    assert {_kind(each) for each in custom} == set(KNOWN)
    for each in custom:
        assert set(_fields(each["spec"])) <= set(KNOWN[_kind(each)]), each["metadata"]["name"]


def test_secrets_are_among_those_that_the_operator_of_the_cluster_is_told_to_make(
    production: list[Document], services: dict[str, ServiceDefinition]
) -> None:
    text = (ROOT / "deploy/k8s/base/secret.example.yaml").read_text("utf-8")
    example = {each["metadata"]["name"]: each["stringData"] for each in yaml.safe_load_all(text)}
    (authentication,) = _of(production, "TriggerAuthentication")
    for reference in authentication["spec"]["secretTargetRef"]:
        assert reference["key"] in example[reference["name"]]
    (cluster,) = _of(production, "Cluster")
    roles = {r["name"]: r["passwordSecret"]["name"] for r in cluster["spec"]["managed"]["roles"]}
    assert roles == {s.package: f"patchbay-database-{s.name}" for s in services.values()}
    users = {
        each["metadata"]["name"]: each["spec"]["importCredentialsSecret"]["name"]
        for each in _of(production, "User")
    }
    assert users == {name: f"patchbay-broker-{name}" for name in (*services, "scaler")}
    # One example stands for all services.
    assert {roles["ticket_svc"], users["ticket-svc"], users["scaler"]} <= set(example)


def test_each_service_owns_one_database(
    production: list[Document], services: dict[str, ServiceDefinition]
) -> None:
    databases = {
        each["spec"]["name"]: each["spec"]["owner"] for each in _of(production, "Database")
    }
    assert databases == {s.package: s.package for s in services.values()}


def test_triggers_use_the_authentication_that_is_there(production: list[Document]) -> None:
    used = {
        trigger["authenticationRef"]["name"]
        for each in _of(production, "ScaledObject")
        for trigger in each["spec"]["triggers"]
    }
    assert used == {each["metadata"]["name"] for each in _of(production, "TriggerAuthentication")}


def test_alerts_ask_for_numbers_that_services_show_and_lead_to_the_runbook(
    production: list[Document],
) -> None:
    metrics = (ROOT / "libs/kit/src/patchbay_kit/metrics.py").read_text("utf-8")
    runbook = (ROOT / "docs/runbook.md").read_text("utf-8")
    headings = {
        re.sub(r"[^\w -]", "", line.removeprefix("## ").lower()).replace(" ", "-")
        for line in runbook.splitlines()
        if line.startswith("## ")
    }
    (rules,) = _of(production, "PrometheusRule")
    for rule in rules["spec"]["groups"][0]["rules"]:
        (name,) = set(re.findall(r"patchbay_\w+", rule["expr"]))
        assert f'"{name}"' in metrics
        page, _, heading = rule["annotations"]["runbook"].partition("#")
        assert (ROOT / page).exists()
        assert not heading or heading in headings


def test_the_monitor_finds_the_pods_by_the_port_that_they_name(production: list[Document]) -> None:
    (monitor,) = _of(production, "PodMonitor")
    roles = set(monitor["spec"]["selector"]["matchExpressions"][0]["values"])
    for each in _of(production, "Deployment"):
        labels = each["spec"]["template"]["metadata"]["labels"]
        assert labels["app.kubernetes.io/component"] in roles
        ports = {p["name"] for p in each["spec"]["template"]["spec"]["containers"][0]["ports"]}
        assert monitor["spec"]["podMetricsEndpoints"][0]["port"] in ports
