"""What docker-compose.yml starts, started without containers: its commands, its environment, its
users and databases, behind its nginx. Only addresses are changed.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP
from typing import Any

import httpx
import pytest

from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.servers.postgres import Postgres
from patchbay_kit.testing.servers.rabbitmq import RabbitMQ
from patchbay_kit.testing.servers.smtp_sink import SmtpSink
from patchbay_kit.testing.system.api import Api
from patchbay_kit.testing.system.process import Program
from patchbay_kit.testing.system.simulator import Simulator
from patchbay_kit.testing.waiting import wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here to be the front"),
]

ROOT = Path(__file__).parents[2]
Document = dict[str, Any]


class Front(Program):
    """nginx with the file of compose."""

    def __init__(self, ports: dict[str, int]) -> None:
        super().__init__("front", [], {})
        self.port = free_port()
        self.probe = f"http://127.0.0.1:{self.port}/healthz"
        text = (ROOT / "deploy/compose/nginx.conf").read_text("utf-8")
        text = re.sub(r"^  resolver .*$", "", text, flags=re.MULTILINE)
        text = re.sub("(pid|path) /tmp/", rf"\1 {self.directory}/", text)
        text = re.sub(r" ([\w-]+):8080;", lambda m: f" 127.0.0.1:{ports[m[1]]};", text)
        text = text.replace("listen 8080;", f"listen 127.0.0.1:{self.port};")
        self._file = self.directory / "nginx.conf"
        self._file.write_text(text.replace("worker_processes auto", "worker_processes 1"), "utf-8")

    def _command(self) -> Sequence[str]:
        return ["nginx", "-g", "daemon off;", "-e", "stderr", "-c", str(self._file)]


class Composed:
    """The processes of ours, by their names in docker-compose.yml."""

    def __init__(self, compose: Document, addresses: dict[str, str], blobs: Path) -> None:
        ours = {
            name: service
            for name, service in compose["services"].items()
            if service["image"].startswith("patchbay/") and "profiles" not in service
        }
        self.ports = {name: free_port() for name in ours}
        self.smtp_port = free_port()
        self._addresses = addresses | {"ticket-svc:8080": f"127.0.0.1:{self.ports['ticket-svc']}"}
        self.programs = {name: self._program(name, each, blobs) for name, each in ours.items()}
        self.front = Front(self.ports)

    def _program(self, name: str, service: Document, blobs: Path) -> Program:
        settings = {k: str(v) for k, v in service["environment"].items() if v is not None}
        for key, value in settings.items():
            for address, other in self._addresses.items():
                value = value.replace(address, other)
            settings[key] = value
        settings |= {"PATCHBAY_HTTP_PORT": str(self.ports[name]), "PATCHBAY_DATABASE_POOL": "3"}
        if "PATCHBAY_BLOB_DIR" in settings:
            settings["PATCHBAY_BLOB_DIR"] = str(blobs)
        if "PATCHBAY_SMTP_LISTEN_PORT" in settings:
            settings["PATCHBAY_SMTP_LISTEN_PORT"] = str(self.smtp_port)
        settings["PATCHBAY_ALLOW_PRIVATE_TARGETS"] = "true"  # as write-env sets it for the demo
        program = Program(name, service["command"], settings)
        program.probe = f"http://127.0.0.1:{self.ports[name]}/readyz"
        return program

    def start(self) -> None:
        """Migrations first, then everything, as depends_on says."""
        migrations = [p for name, p in self.programs.items() if name.endswith("-migrate")]
        running = [p for name, p in self.programs.items() if not name.endswith("-migrate")]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(_run_to_the_end, migrations))
        for program in running:
            program.launch()
        for program in [*running, self.front]:
            program.start()

    def stop(self) -> dict[str, int | None]:
        """SIGTERM to all that run; exit statuses by name."""
        running = {n: p for n, p in self.programs.items() if not n.endswith("-migrate")}
        for program in running.values():
            program.terminate()
        for program in running.values():
            program.wait_or_kill()
        return {name: program.exit_status for name, program in running.items()}

    def close(self) -> None:
        """Kill all that still runs."""
        for program in [*self.programs.values(), self.front]:
            program.close()


def _run_to_the_end(program: Program) -> None:
    program.launch()
    program.wait(90)
    assert program.exit_status == 0, program.log_tail()


def _prepare(script: str, environment: dict[str, str]) -> None:
    environment = environment | {"PATH": environment.get("PATH", os.environ["PATH"])}
    command = ["sh", str(ROOT / script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def broker(compose: Document, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """A broker with the users that start.sh makes."""
    folder = tmp_path_factory.mktemp("broker")
    stand_in = folder / "docker-entrypoint.sh"
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o755)
    more = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "DEFINITIONS_FILE": str(folder / "definitions.json"),
    }
    _prepare("deploy/broker/start.sh", compose["services"]["rabbitmq"]["environment"] | more)
    with RabbitMQ() as node:
        node.ctl("import_definitions", more["DEFINITIONS_FILE"])
        yield node


@pytest.fixture(scope="module")
def database(compose: Document) -> Iterator[Postgres]:
    """A database server with the roles and databases that init.sh makes."""
    with Postgres() as server:
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port)}
        environment = compose["services"]["postgres"]["environment"]
        _prepare("deploy/database/init.sh", environment | where)
        yield server


@pytest.fixture(scope="module")
def composed(
    compose: Document,
    broker: RabbitMQ,
    database: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Composed, SmtpSink]]:
    """Everything running, and the sink that stands for Mailpit."""
    with SmtpSink() as sink:
        addresses = {
            "postgres:5432": f"127.0.0.1:{database.port}",
            "rabbitmq:5672": f"127.0.0.1:{broker.port}",
        }
        system = Composed(compose, addresses, tmp_path_factory.mktemp("blobs"))
        mail = system.programs["email-gateway-worker"].settings
        mail |= {"PATCHBAY_SMTP_HOST": "127.0.0.1", "PATCHBAY_SMTP_PORT": str(sink.port)}
        try:
            system.start()
            yield system, sink
        finally:
            system.close()


def _connect_demo(system: Composed, simulator: Simulator, example_env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy/demo/connect.py")],
        env={
            "HUB_URL": f"http://127.0.0.1:{system.front.port}",
            "SIMULATOR_URL": simulator.url,
            "SIMULATOR_CODE": simulator.psg_code,
            "ADMIN_EMAIL": example_env["PATCHBAY_ADMIN_EMAIL"],
            "ADMIN_PASSWORD": example_env["PATCHBAY_ADMIN_PASSWORD"],
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def api(composed: tuple[Composed, SmtpSink], example_env: dict[str, str]) -> Iterator[Api]:
    """The first administrator at the front."""
    url = f"http://127.0.0.1:{composed[0].front.port}"
    email, password = (example_env[f"PATCHBAY_ADMIN_{each}"] for each in ("EMAIL", "PASSWORD"))
    client = Api(lambda _: url, email, password)
    yield client
    client.close()


@pytest.mark.timeout(300)
@pytest.mark.covers("S1-29")
def test_an_alert_and_a_mail_go_all_the_way_through_the_front(
    composed: tuple[Composed, SmtpSink], api: Api, example_env: dict[str, str]
) -> None:
    system, sink = composed
    with Simulator() as simulator:
        first = _connect_demo(system, simulator, example_env)
        assert _connect_demo(system, simulator, example_env) == first
        simulator.raise_ticket("Disk full", siteId="S-1", siteName="Northwind")
        _wait_for(api, "/v1/tickets", "Disk full")
        # The manager, who is the first administrator, is told by mail.
        sink.wait_for(1, timeout=60)

    mail = EmailMessage()
    mail["From"], mail["To"] = "someone@customer.example", "support@msp.example"
    mail["Subject"] = "The printer is on fire"
    mail.set_content("Please help.")
    with SMTP("127.0.0.1", system.smtp_port, timeout=20) as client:
        client.send_message(mail)
    _wait_for(api, "/v1/mails", mail["Subject"])
    assert httpx.get(f"http://127.0.0.1:{system.front.port}/metrics", timeout=10).status_code == 404
    for service in ("ticket-svc", "link-svc", "rmm-gateway", "email-gateway", "notifier"):
        assert api.items(f"/v1/dead-letters/{service}") == []
    assert set(system.stop().values()) == {0}


def _wait_for(api: Api, path: str, subject: str) -> None:
    def found() -> bool:
        return any(each["subject"] == subject for each in api.items(path))

    wait_until(found, timeout=60, interval=0.3, message=f"{subject!r} in {path}")
