"""Every overlay renders, fits the schemas of old and new Kubernetes, and keeps our pod rules."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate import utils

from patchbay_kit.runtime import ServiceDefinition

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy/k8s"
COMPONENTS = sorted(path.parent.name for path in K8S.glob("components/*/kustomization.yaml"))
BUILT_IN = {"v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "policy/v1"}
ROLES = {"api", "worker", "relay", "migrate"}

Document = dict[str, Any]


def _pods(documents: list[Document]) -> Iterator[tuple[str, Document]]:
    for each in documents:
        if each["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield f"{each['kind']}/{each['metadata']['name']}", each["spec"]["template"]


def _containers(template: Document) -> list[Document]:
    return [*template["spec"]["containers"], *template["spec"].get("initContainers", [])]


@pytest.fixture(scope="module")
def _schemas_are_read_once() -> Iterator[None]:
    """The validator reads a file of megabytes for each document."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "schema_contents", cache(utils.schema_contents))
        patch.setattr(utils, "all_versions", cache(utils.all_versions))
        yield


@pytest.mark.usefixtures("_schemas_are_read_once")
@pytest.mark.parametrize("version", ["1.30", "1.34", "1.37"])
def test_every_overlay_fits_the_schemas(overlay: list[Document], version: str) -> None:
    for each in overlay:
        if each["apiVersion"] in BUILT_IN:  # The others: test_custom_resources.py.
            utils.validate(each, version, strict=True)


def test_every_service_has_all_its_roles(
    overlay: list[Document], services: dict[str, ServiceDefinition]
) -> None:
    found = {
        (image.split("/")[1].split(":")[0], *container["args"])
        for _, template in _pods(overlay)
        for container in template["spec"]["containers"]
        if (image := container["image"]).startswith("patchbay/") and "command" not in container
        if not image.startswith("patchbay/continuum-sim")
    }
    assert found == {(s.name, s.package, role) for s in services.values() for role in ROLES}


def test_every_pod_fits_the_restricted_standard(overlay: list[Document]) -> None:
    for name, template in _pods(overlay):
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in _containers(template):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name


def test_every_pod_of_ours_is_hardened_and_bounded(overlay: list[Document]) -> None:
    for name, template in _pods(overlay):
        if template["metadata"]["labels"].get("app.kubernetes.io/part-of") != "patchbay":
            continue
        assert template["spec"]["securityContext"]["runAsUser"] == 10001
        assert template["spec"]["enableServiceLinks"] is False
        for container in _containers(template):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
            assert set(container["resources"]["limits"]) == {"memory"}, name


def test_deployments_of_ours_are_probed_drained_and_spread(overlay: list[Document]) -> None:
    for each in overlay:
        if each["kind"] != "Deployment" or each["metadata"]["name"] in ("front", "mailpit"):
            continue
        pod = each["spec"]["template"]["spec"]
        (app,) = pod["containers"]
        assert app["livenessProbe"]["httpGet"]["path"] == "/livez"
        assert app["readinessProbe"]["httpGet"]["path"].startswith("/readyz")
        assert pod["terminationGracePeriodSeconds"] >= _grace(app) + 10
        assert each["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        for spread in pod["topologySpreadConstraints"]:
            # The API server refuses a key that is in both.
            assert not set(spread["matchLabelKeys"]) & set(spread["labelSelector"]["matchLabels"])


def _grace(app: Document) -> float:
    config = yaml.safe_load((K8S / "base/kustomization.yaml").read_text("utf-8"))
    literals = config["configMapGenerator"][0]["literals"]
    (grace,) = [each.split("=")[1] for each in literals if "SHUTDOWN_GRACE" in each]
    return float(grace) + float(app["lifecycle"]["preStop"]["sleep"]["seconds"])


def test_every_deployment_of_ours_may_lose_one_pod_at_a_time(overlay: list[Document]) -> None:
    budgets = {
        tuple(sorted(each["spec"]["selector"]["matchLabels"].items()))
        for each in overlay
        if each["kind"] == "PodDisruptionBudget"
    }
    wanted = {
        tuple(sorted(each["spec"]["selector"]["matchLabels"].items()))
        for each in overlay
        if each["kind"] == "Deployment" and each["metadata"]["name"] not in ("front", "mailpit")
    }
    assert budgets >= wanted


def test_selectors_never_select_another_workloads_pods(overlay: list[Document]) -> None:
    templates = dict(_pods(overlay))
    for each in overlay:
        if each["kind"] not in ("Deployment", "StatefulSet"):
            continue
        wanted = each["spec"]["selector"]["matchLabels"].items()
        hit = [n for n, t in templates.items() if wanted <= t["metadata"]["labels"].items()]
        assert hit == [f"{each['kind']}/{each['metadata']['name']}"]


def test_what_pods_refer_to_is_there_or_an_outside_secret(overlay: list[Document]) -> None:
    there = {(each["kind"], each["metadata"]["name"]) for each in overlay}
    outside = {
        ("Secret", each["metadata"]["name"])
        for each in yaml.safe_load_all((K8S / "base/secret.example.yaml").read_text("utf-8"))
    }
    for name, template in _pods(overlay):
        missing = set(_references(template)) - there - outside
        assert not missing, name


def _references(template: Document) -> Iterator[tuple[str, str]]:
    pod = template["spec"]
    if "serviceAccountName" in pod:
        yield "ServiceAccount", pod["serviceAccountName"]
    for volume in pod.get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    for container in _containers(template):
        for source in container.get("envFrom", []):
            if "secretRef" in source:
                yield "Secret", source["secretRef"]["name"]
            if "configMapRef" in source:
                yield "ConfigMap", source["configMapRef"]["name"]


def test_originals_of_mails_are_shared_by_api_and_worker(overlay: list[Document]) -> None:
    mounted = {
        name: container["volumeMounts"]
        for name, template in _pods(overlay)
        for container in template["spec"]["containers"]
        if any(m["name"] == "blobs" for m in container.get("volumeMounts", []))
    }
    assert set(mounted) == {"Deployment/email-gateway-api", "Deployment/email-gateway-worker"}


def test_every_api_of_the_desk_has_the_documents(overlay: list[Document]) -> None:
    mounted = {
        name
        for name, template in _pods(overlay)
        for container in template["spec"]["containers"]
        if any(m["name"] == "documents" for m in container.get("volumeMounts", []))
    }
    assert mounted == {"Deployment/ticket-svc-api"}


def test_no_image_floats(overlay: list[Document]) -> None:
    images = {c["image"] for _, template in _pods(overlay) for c in _containers(template)}
    assert [image for image in images if ":" not in image or image.endswith(":latest")] == []


def test_production_runs_two_of_everything(
    render: Callable[[str], list[Document]], services: dict[str, ServiceDefinition]
) -> None:
    documents = render("overlays/prod")
    replicas = {
        each["metadata"]["name"]: each["spec"].get("replicas")
        for each in documents
        if each["kind"] == "Deployment"
    }
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["minReplicaCount"]
        for each in documents
        if each["kind"] == "ScaledObject"
    }
    for name in services:
        assert replicas[f"{name}-api"] == replicas[f"{name}-relay"] == 2
        # What KEDA scales carries no number of its own: each apply would reset it.
        assert replicas[f"{name}-worker"] is None
        assert scaled[f"{name}-worker"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_renders_with_the_base(
    component: str, render: Callable[[str], list[Document]], tmp_path: Path
) -> None:
    base = {(e["kind"], e["metadata"]["name"]) for e in render("base")}
    folder = tmp_path / component
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "kind": "Kustomization",
                "resources": [_relative(folder, K8S / "base")],
                "components": [_relative(folder, K8S / "components" / component)],
            }
        )
    )
    more = {(e["kind"], e["metadata"]["name"]) for e in render(str(folder))} - base
    assert more


def _relative(start: Path, target: Path) -> str:
    """kustomize refuses absolute paths."""
    return str(Path(*[".."] * (len(start.resolve().parts) - 1), *target.resolve().parts[1:]))
