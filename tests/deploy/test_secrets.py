"""No password is known beforehand, outside of the overlay that says so of itself."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SECRET = re.compile(r"PASSWORD|SECRET|_CODE|PSG|DATABASE_URL|BUS_URL")

Document = dict[str, Any]


def test_compose_gives_no_secret_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    document = yaml.safe_load(text)
    for name, service in document["services"].items():
        for key, value in (service.get("environment") or {}).items():
            if not SECRET.search(key) or value is None:
                continue
            variables = re.findall(r"\$\{(\w+)(:\?|:-)?([^}]*)\}", value)
            assert variables, f"{name}: {key} is written out"
            for variable, kind, default in variables:
                # The simulator's code may be empty where there is no simulator.
                assert kind == ":?" or (variable == "CONTINUUM_SIM_CODE" and not default), key


def test_the_example_of_env_leaves_every_secret_empty() -> None:
    for line in (ROOT / ".env.example").read_text("utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#") and SECRET.search(name):
            assert value == "", name


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with what write-env needs."""
    (tmp_path / "deploy/compose").mkdir(parents=True)
    for path in (".env.example", "deploy/compose/write-env"):
        (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    return tmp_path


def _write_env(tree: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["sh", str(tree / "deploy/compose/write-env"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


def _env(tree: Path) -> dict[str, str]:
    lines = (tree / ".env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_write_env_makes_every_secret_different(tree: Path) -> None:
    assert _write_env(tree).returncode == 0
    env = _env(tree)
    secrets = [value for name, value in env.items() if SECRET.search(name)]
    assert len(set(secrets)) == len(secrets) >= 19
    assert all(re.fullmatch("[0-9a-f]{48}", secret) for secret in secrets)
    assert (tree / ".env").stat().st_mode & 0o777 == 0o600
    assert env["COMPOSE_PROFILES"] == ""


def test_write_env_can_switch_the_demo_on(tree: Path) -> None:
    _write_env(tree, "demo")
    env = _env(tree)
    assert (env["COMPOSE_PROFILES"], env["PATCHBAY_ALLOW_PRIVATE_TARGETS"]) == ("demo", "true")


def test_write_env_never_replaces_secrets_in_use(tree: Path) -> None:
    _write_env(tree)
    before = (tree / ".env").read_bytes()
    assert _write_env(tree).returncode == 1
    assert (tree / ".env").read_bytes() == before


def test_no_secret_of_production_is_rendered(render: Callable[[str], list[Document]]) -> None:
    documents = render("overlays/prod")
    assert [each for each in documents if each["kind"] == "Secret"] == []
    for each in documents:
        if each["kind"] == "ConfigMap":
            assert [key for key in each["data"] if SECRET.search(key)] == []
    assert "dev-only" not in yaml.safe_dump_all(documents)


def test_the_example_of_secrets_cannot_be_used_as_it_is() -> None:
    text = (ROOT / "deploy/k8s/base/secret.example.yaml").read_text("utf-8")
    for each in yaml.safe_load_all(text):
        for key, value in each["stringData"].items():
            if SECRET.search(key.upper()):
                assert value == "" or ":PASSWORD@" in value, key


def test_passwords_are_no_arguments(render: Callable[[str], list[Document]]) -> None:
    for name in ("overlays/dev", "overlays/prod"):
        for each in render(name):
            for container in _containers(each):
                words = [*container.get("args", []), *container.get("command", [])]
                assert "dev-only" not in " ".join(words)
                assert not any(
                    SECRET.search(env["name"]) and "value" in env
                    for env in container.get("env", [])
                )


def _containers(document: Document) -> list[Document]:
    if document["kind"] not in ("Deployment", "StatefulSet", "Job"):
        return []
    pod = document["spec"]["template"]["spec"]
    return [*pod["containers"], *pod.get("initContainers", [])]
