"""docker-compose.yml fits the specification, and its parts fit each other. No engine runs it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from patchbay_kit.runtime import ServiceDefinition

ROOT = Path(__file__).parents[2]
Document = dict[str, Any]
# Those that call out, or are called from outside of the machine's own network.
OUTSIDE = {
    "front", "rabbitmq", "mailpit", "continuum-sim", "email-gateway", "email-gateway-worker",
    "rmm-gateway", "rmm-gateway-worker",
}  # fmt: skip


@pytest.mark.slow
def test_it_fits_the_compose_specification() -> None:
    command = [
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec",
        str(ROOT / "docker-compose.yml"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_nobody_starts_before_its_schema_and_its_engines(
    compose: Document, services: dict[str, ServiceDefinition]
) -> None:
    for name in services:
        for process in (name, f"{name}-worker", f"{name}-relay"):
            waits = {
                other: how["condition"]
                for other, how in compose["services"][process]["depends_on"].items()
            }
            assert waits == {
                "postgres": "service_healthy",
                "rabbitmq": "service_healthy",
                f"{name}-migrate": "service_completed_successfully",
            }


def test_what_is_waited_for_can_become_healthy_or_end(compose: Document) -> None:
    everything = compose["services"]
    for name, service in everything.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in everything[other], (name, other)
            else:
                assert everything[other]["restart"].startswith("on-failure"), (name, other)


def test_processes_of_ours_are_hardened_and_have_time_to_end(compose: Document) -> None:
    for name, service in compose["services"].items():
        if service["image"].startswith("patchbay/"):
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
            assert service["stop_grace_period"] == "45s", name


def test_only_what_has_to_reaches_the_outside(compose: Document) -> None:
    assert compose["networks"]["inside"] == {"internal": True}
    outside = {name for name, each in compose["services"].items() if "outside" in each["networks"]}
    assert outside == OUTSIDE


def test_ports_are_opened_on_this_machine_only_unless_told_otherwise(compose: Document) -> None:
    ports = [port for each in compose["services"].values() for port in each.get("ports", [])]
    assert len(ports) == 5
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_originals_of_mails_are_shared_by_api_and_worker(compose: Document) -> None:
    for name in ("email-gateway", "email-gateway-worker"):
        service = compose["services"][name]
        folder = service["environment"]["PATCHBAY_BLOB_DIR"]
        assert service["volumes"] == [f"blobs:{folder}"]


def test_documents_of_tickets_have_a_volume_of_their_own(compose: Document) -> None:
    service = compose["services"]["ticket-svc"]
    assert service["volumes"] == [f"documents:{service['environment']['PATCHBAY_BLOB_DIR']}"]


def test_files_that_are_mounted_exist(compose: Document) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).is_file(), source
            else:
                assert source in compose["volumes"], source


def test_the_simulator_is_part_of_the_demo_only(compose: Document) -> None:
    demo = {name for name, each in compose["services"].items() if "profiles" in each}
    assert demo == {"continuum-sim", "demo-connection"}
    for name, service in compose["services"].items():
        assert name in demo or not demo & set(service.get("depends_on", {}))
