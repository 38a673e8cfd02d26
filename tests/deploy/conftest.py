"""What the tests of deployments share: rendered overlays, compose with its variables, services."""

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from patchbay_hub.services import SERVICES
from patchbay_kit.runtime import ServiceDefinition

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy/k8s"
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")

Document = dict[str, Any]
Render = Callable[[str], list[Document]]


@cache
def _rendered(folder: Path) -> list[Document]:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not here: nothing of Kubernetes was rendered")
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.load_all(done.stdout, yaml.CSafeLoader) if each]


@pytest.fixture
def render() -> Render:
    """Render a folder under deploy/k8s; the documents are shared, so do not change them."""
    return lambda name: _rendered(K8S / name)


@pytest.fixture(params=["dev", "prod"])
def overlay(request: pytest.FixtureRequest) -> list[Document]:
    """The documents of one overlay, for a test that holds for all of them."""
    return _rendered(K8S / "overlays" / request.param)


@pytest.fixture(scope="session")
def services() -> dict[str, ServiceDefinition]:
    """The definitions by name."""
    return {service.name: service for service in SERVICES}


@pytest.fixture(scope="session")
def example_env() -> dict[str, str]:
    """.env as write-env leaves it: every empty secret has a value."""
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    secret = ("_PASSWORD", "_SECRET_KEY", "_CODE")
    return {name: value or ("x" * 48 if name.endswith(secret) else "") for name, value in pairs}


@pytest.fixture(scope="session")
def compose(example_env: dict[str, str]) -> Document:
    """docker-compose.yml with its variables filled in; a required one that is missing fails."""

    def value(found: re.Match[str]) -> str:
        name, kind, text = found.groups()
        known = example_env.get(name, "")
        assert known or kind != "?", f"{name} is required and not in .env.example"
        return known or (text or "" if kind == "-" else "")

    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    document: Document = yaml.safe_load(_VARIABLE.sub(value, text))
    return document
