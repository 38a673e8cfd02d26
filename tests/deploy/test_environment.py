"""Every variable that a deployment sets is a setting of that service, which accepts them all."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from patchbay_kit.bus.factory import create_bus
from patchbay_kit.runtime import ServiceDefinition
from patchbay_kit.settings import load_settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PREFIX = "PATCHBAY_"

Document = dict[str, Any]
Process = tuple[str, str, str, dict[str, str]]


def _compose_processes(compose: Document) -> Iterator[Process]:
    for name, service in compose["services"].items():
        image = service["image"].split(":")[0]
        if not image.startswith("patchbay/") or "entrypoint" in service:
            continue
        environment = {
            key: str(value) for key, value in service["environment"].items() if value is not None
        }
        yield name, image.removeprefix("patchbay/"), service["command"][-1], environment


def _kubernetes_processes(documents: list[Document]) -> Iterator[Process]:
    values = {
        (each["kind"], each["metadata"]["name"]): _values(each)
        for each in [*_example_secrets(), *documents]
        if each["kind"] in ("ConfigMap", "Secret")
    }
    for each in documents:
        if each["kind"] not in ("Deployment", "Job"):
            continue
        for container in each["spec"]["template"]["spec"]["containers"]:
            if not container["image"].startswith("patchbay/") or "command" in container:
                continue
            environment: dict[str, str] = {}
            for source in container.get("envFrom", []):
                reference = source.get("configMapRef") or source["secretRef"]
                kind = "ConfigMap" if "configMapRef" in source else "Secret"
                environment |= values[kind, reference["name"]]
            environment |= {e["name"]: e["value"] for e in container.get("env", [])}
            name = container["image"].split("/")[1].split(":")[0]
            yield each["metadata"]["name"], name, container["args"][-1], environment


def _values(document: Document) -> dict[str, str]:
    if "stringData" in document:
        return {k: v or "x" * 40 for k, v in document["stringData"].items()}
    if document["kind"] == "Secret":
        import base64

        return {k: base64.b64decode(v).decode() for k, v in document["data"].items()}
    return dict(document["data"])


def _example_secrets() -> list[Document]:
    text = (ROOT / "deploy/k8s/base/secret.example.yaml").read_text("utf-8")
    return list(yaml.safe_load_all(text))


@pytest.fixture(params=["compose", "overlays/dev", "overlays/prod"])
def processes(
    request: pytest.FixtureRequest, compose: Document, render: Callable[[str], list[Document]]
) -> list[Process]:
    """(name, service, role, environment) of every process of ours in one deployment."""
    if request.param == "compose":
        found = list(_compose_processes(compose))
    else:
        found = list(_kubernetes_processes(render(request.param)))
    return [process for process in found if process[1] != "continuum-sim"]


def test_all_roles_of_all_services_are_there(
    processes: list[Process], services: dict[str, ServiceDefinition]
) -> None:
    found = sorted((service, role) for _, service, role, _ in processes)
    roles = ("api", "migrate", "relay", "worker")
    assert found == sorted((name, role) for name in services for role in roles)


def test_every_variable_is_a_setting_of_its_service(
    processes: list[Process], services: dict[str, ServiceDefinition]
) -> None:
    for name, service, _, environment in processes:
        known = {PREFIX + field.upper() for field in services[service].settings.model_fields}
        unknown = {key for key in environment if key.startswith(PREFIX)} - known
        assert not unknown, name


def test_every_process_accepts_its_settings_as_production(
    processes: list[Process],
    services: dict[str, ServiceDefinition],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, service, _, environment in processes:
        for key in [key for key in os.environ if key.startswith(PREFIX)]:
            monkeypatch.delenv(key)
        for key, value in environment.items():
            monkeypatch.setenv(key, value)
        settings = load_settings(services[service].settings)
        assert settings.env == "production", name
        assert settings.database_url.startswith("postgresql+asyncpg://"), name
        assert settings.jwks_url == "http://ticket-svc:8080/.well-known/jwks.json", name
        create_bus(settings.bus_url, (), service)


def test_each_service_has_a_database_a_user_and_a_key_of_its_own(processes: list[Process]) -> None:
    for key in ("PATCHBAY_DATABASE_URL", "PATCHBAY_BUS_URL"):
        by_value = {environment[key]: service for _, service, _, environment in processes}
        by_service = {service: environment[key] for _, service, _, environment in processes}
        assert len(by_value) == len(by_service) == 5
        for service, url in by_service.items():
            assert f"//{service.replace('-', '_')}:" in url


def test_only_the_mail_worker_opens_a_port_for_mail(processes: list[Process]) -> None:
    opening = [(s, role) for _, s, role, env in processes if "PATCHBAY_SMTP_LISTEN_PORT" in env]
    assert opening == [("email-gateway", "worker")]
