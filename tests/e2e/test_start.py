"""How the programs start: the ready line that automation reads, and settings that are wrong."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from patchbay_kit.testing.system.hub import HubProgram
from patchbay_kit.testing.system.mail import until

HUB = ["patchbay_hub", "run", "--port", "0", "--smtp-port", "0", "--data"]
GOOD = {
    "PATCHBAY_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/nothing",
    "PATCHBAY_BUS_URL": "amqp://user:password@127.0.0.1:1/nothing",
    "PATCHBAY_JWKS_URL": "http://127.0.0.1:1/.well-known/jwks.json",
    "PATCHBAY_SECRET_KEY": "x" * 40,
    "PATCHBAY_OUTGOING": "catch",
}


def started(arguments: list[str], settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program that is expected to end at once."""
    environment = {"PATH": os.environ["PATH"], **settings}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.timeout(120)
def test_the_demo_says_in_one_line_how_to_use_it_and_keeps_it_over_a_kill(tmp_path: Path) -> None:
    arguments = ["--data", str(tmp_path), "--port", "0", "--smtp-port", "0", "--demo"]
    with HubProgram(arguments, {}) as hub:
        line = hub.ready_line
        body = {"email": line["admin"]["email"], "password": line["admin"]["one_time_password"]}
        token = httpx.post(f"{line['url']}/v1/auth/token", json=body).json()["access_token"]
        signed_in = {"Authorization": f"Bearer {token}"}

        def tickets() -> int:
            answer = httpx.get(f"{hub.ready_line['url']}/v1/tickets", headers=signed_in)
            return len(answer.json()["items"])

        seen = until(tickets, "a ticket of the demo", timeout=40)
        assert httpx.get(f"{line['simulator']['control']}state").status_code == 200
        assert ":" in line["smtp"]
        connection = line["simulator"]["connection_id"]

        hub.kill9()
        hub.start()

        again = hub.ready_line
        assert "one_time_password" not in again["admin"]
        assert again["simulator"]["connection_id"] == connection
        until(lambda: tickets() > seen, "the demo going on", timeout=60)


@pytest.mark.parametrize(
    ("service", "wrong", "named"),
    [
        ("ticket_svc", {"PATCHBAY_SECRET_KEY": "short"}, "PATCHBAY_SECRET_KEY"),
        ("ticket_svc", {"PATCHBAY_BUS_URL": "amqp://guest:guest@b/v"}, "PATCHBAY_BUS_URL"),
        ("ticket_svc", {"PATCHBAY_DATABASE_URL": "sqlite+aiosqlite:///x"}, "PATCHBAY_DATABASE_URL"),
        ("email_gateway", {"PATCHBAY_OUTGOING": "smtp"}, "PATCHBAY_SMTP_HOST"),
        ("rmm_gateway", {"PATCHBAY_HTTP_PORT": "99999"}, "PATCHBAY_HTTP_PORT"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    service: str, wrong: dict[str, str], named: str
) -> None:
    done = started([service, "api"], {**GOOD, **wrong})

    assert done.returncode == 2
    assert done.stderr.startswith(f"{named}:"), done.stderr
    assert done.stderr.count("\n") == 1
    assert "short" not in done.stderr


def test_a_wrong_setting_stops_the_hub_with_one_line_that_names_it(tmp_path: Path) -> None:
    wrong = {"PATCHBAY_ADMIN_PASSWORD": "short", "PATCHBAY_OUTGOING": "catch"}

    done = started([*HUB, str(tmp_path)], wrong)

    assert done.returncode == 2
    assert done.stderr.startswith("PATCHBAY_ADMIN_PASSWORD:"), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_second_hub_on_one_folder_is_refused(tmp_path: Path) -> None:
    arguments = ["--data", str(tmp_path), "--port", "0", "--smtp-port", "0"]
    settings = {"PATCHBAY_OUTGOING": "catch"}
    with HubProgram(arguments, settings):
        done = started([*HUB, str(tmp_path)], settings)

    assert done.returncode != 0
    assert "in use by another process" in done.stderr
