"""Fronts send each path where the hub's own router would, and scaling watches every queue."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from patchbay_contracts import system_topology
from patchbay_hub.router import PrefixRouter
from patchbay_kit.runtime import ServiceDefinition

ROOT = Path(__file__).parents[2]
FRONTS = ("deploy/compose/nginx.conf", "deploy/k8s/overlays/dev/front/nginx.conf")
ELSEWHERE = ("/", "/healthz", "/openapi.json", "/asyncapi.json", "/schemas/ticket.created.v1.json")

Document = dict[str, Any]
Route = Callable[[str], str | None]


def _paths(services: dict[str, ServiceDefinition]) -> list[str]:
    prefixes = [
        path
        for service in services.values()
        for path in (
            *service.prefixes,
            f"/v1/dead-letters/{service.name}",
            f"/openapi.{service.name}.json",
        )
    ]
    return [p for prefix in prefixes for p in (prefix, f"{prefix}/x", f"{prefix}x")]


def _by_hub(services: dict[str, ServiceDefinition]) -> Route:
    routes: dict[str, Any] = {
        prefix: service.name
        for service in services.values()
        for prefix in (
            *service.prefixes,
            f"/v1/dead-letters/{service.name}",
            f"/openapi.{service.name}.json",
        )
    }
    router = PrefixRouter(routes, default="ticket-svc")  # type: ignore[arg-type]
    return router.app_for  # type: ignore[return-value]


def _by_nginx(path: str) -> Route:
    text = (ROOT / path).read_text("utf-8")
    default = re.search(r"default ([\w-]+)", text)
    assert default is not None
    rules = re.findall(r"^    ~(\S+) ([\w-]+)(?::8080)?;$", text, re.MULTILINE)

    def route(wanted: str) -> str | None:
        if wanted == "/metrics":
            return None if "location = /metrics { return 404; }" in text else default[1]
        return next((to for rule, to in rules if re.search(rule, wanted)), default[1])

    return route


def _by_elements(rules: list[tuple[str, str | None]]) -> Route:
    """Longest match of whole path elements: PathPrefix and Ingress's Prefix."""
    longest = sorted(rules, key=lambda rule: len(rule[0]), reverse=True)

    def route(wanted: str) -> str | None:
        for prefix, target in longest:
            if wanted == prefix or wanted.startswith(prefix.rstrip("/") + "/"):
                return target
        return None

    return route


def _by_http_route() -> Route:
    text = (ROOT / "deploy/k8s/components/gateway/httproute.yaml").read_text("utf-8")
    rules = yaml.safe_load(text)["spec"]["rules"]
    return _by_elements(
        [
            (
                match["path"]["value"],
                rule["backendRefs"][0]["name"] if "backendRefs" in rule else None,
            )
            for rule in rules
            for match in rule["matches"]
        ]
    )


def _by_ingress() -> Route:
    text = (ROOT / "deploy/k8s/components/ingress/ingress.yaml").read_text("utf-8")
    paths = yaml.safe_load(text)["spec"]["rules"][0]["http"]["paths"]
    return _by_elements([(p["path"], p["backend"]["service"]["name"]) for p in paths])


@pytest.mark.slow
def test_the_generated_files_are_what_the_definitions_say() -> None:
    command = [sys.executable, ROOT / "tools/export_routes.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("front", [*FRONTS, "HTTPRoute"])
def test_a_front_sends_every_path_where_the_hub_would(
    front: str, services: dict[str, ServiceDefinition]
) -> None:
    route = _by_http_route() if front == "HTTPRoute" else _by_nginx(front)
    hub = _by_hub(services)
    for path in [*_paths(services), *ELSEWHERE]:
        assert route(path) == hub(path), path


@pytest.mark.parametrize("front", [*FRONTS, "HTTPRoute", "Ingress"])
def test_numbers_are_not_public(front: str) -> None:
    routes = {"HTTPRoute": _by_http_route, "Ingress": _by_ingress}
    route = routes[front]() if front in routes else _by_nginx(front)
    assert route("/metrics") is None


def test_an_ingress_names_every_public_path(services: dict[str, ServiceDefinition]) -> None:
    route, hub = _by_ingress(), _by_hub(services)
    claimed = [p for p in _paths(services) if not p.endswith("x") or p.endswith("/x")]
    for path in [*claimed, *ELSEWHERE[1:]]:
        assert route(path) == hub(path), path
    assert route("/anything/else") is None


def test_every_release_of_the_gateway_api_takes_so_many_rules_and_matches() -> None:
    text = (ROOT / "deploy/k8s/components/gateway/httproute.yaml").read_text("utf-8")
    rules = yaml.safe_load(text)["spec"]["rules"]
    assert len(rules) <= 16
    assert max(len(rule["matches"]) for rule in rules) <= 8


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here to read its file")
@pytest.mark.parametrize("front", FRONTS)
def test_nginx_accepts_its_file(front: str, tmp_path: Path) -> None:
    text = (ROOT / front).read_text("utf-8")
    # Without a cluster the names of Services lead nowhere, and nginx looks them up when it starts.
    text = re.sub(r"server [\w-]+:8080;", "server 127.0.0.1:8080;", text)
    copy = tmp_path / "nginx.conf"
    copy.write_text(re.sub("(pid|path) /tmp/", rf"\1 {tmp_path}/", text), "utf-8")
    command = ["nginx", "-t", "-q", "-c", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr


def test_every_queue_scales_the_worker_that_consumes_it(
    render: Callable[[str], list[Document]],
) -> None:
    documents = render("overlays/prod")
    workers = {e["metadata"]["name"] for e in documents if e["kind"] == "Deployment"}
    watched = {
        (trigger["metadata"]["queueName"], each["spec"]["scaleTargetRef"]["name"])
        for each in documents
        if each["kind"] == "ScaledObject"
        for trigger in each["spec"]["triggers"]
    }
    assert watched == {(queue.name, f"{queue.service}-worker") for queue in system_topology()}
    assert {worker for _, worker in watched} <= workers
