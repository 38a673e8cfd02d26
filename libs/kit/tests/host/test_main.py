"""`python -m <service> <role>`: a line and status 2 for what is wrong, 0 after SIGTERM."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.waiting import wait_until

# Seconds of work: left to `make test`.
pytestmark = pytest.mark.slow

_DEFINITION = """
from sqlalchemy import MetaData
from patchbay_kit.http import create_service_app
from patchbay_kit.messaging import Subscriptions
from patchbay_kit.runtime import ServiceDefinition
from patchbay_kit.settings import BaseServiceSettings

SERVICE = ServiceDefinition(
    name="tiny-svc",
    package="tiny_svc",
    settings=BaseServiceSettings,
    load_metadata=MetaData,
    load_subscriptions=lambda: Subscriptions("tiny-svc", ()),
    prefixes=("/v1/tiny",),
    create_app=lambda runtime: create_service_app(runtime, "tiny-svc", [], title="Tiny"),
)
"""
_MAIN = """
from patchbay_kit.main import main
from tiny_svc.definition import SERVICE

main(SERVICE)
"""
# Importing takes seconds and a fork nothing: each line of stdin is one call of `main`.
_MANY_CALLS = """
import json, os, sys, tempfile
import alembic.command, httptools, sqlalchemy.dialects.postgresql.asyncpg
import sqlalchemy.dialects.sqlite.aiosqlite, uvicorn.protocols.http.httptools_impl
from patchbay_kit.main import main
from tiny_svc.definition import SERVICE

for line in sys.stdin:
    call = json.loads(line)
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            os.environ.clear()
            os.environ.update(call["environment"])
            os.dup2(errors.fileno(), 2)
            sys.argv[1:] = call["arguments"]
            try:
                main(SERVICE)
            except SystemExit as leaving:
                sys.stderr.flush()
                os._exit(leaving.code)
        _, status = os.waitpid(child, 0)
        errors.seek(0)
        result = {"status": os.waitstatus_to_exitcode(status), "stderr": errors.read().decode()}
        print(json.dumps(result), flush=True)
"""
_MIGRATION = """
from alembic import op
from patchbay_kit.db.migrate import create_kit_tables

revision = "kit"
down_revision = None


def upgrade() -> None:
    create_kit_tables(op)
"""


@dataclass
class Done:
    """How a call of `main` ended."""

    status: int
    stderr: str


class Program:
    """The tiny service, and a process that calls its `main` again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        package = folder / "tiny_svc"
        (package / "migrations" / "versions").mkdir(parents=True)
        for path, content in {
            "__init__.py": "",
            "__main__.py": _MAIN,
            "definition.py": _DEFINITION,
            "migrations/versions/kit.py": _MIGRATION,
        }.items():
            (package / path).write_text(content)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _MANY_CALLS],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, arguments: Sequence[str], place: Path, **settings: str) -> Done:
        call = {"arguments": arguments, "environment": environment(place, **settings)}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        return Done(**json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    made = Program(tmp_path_factory.mktemp("program"))
    yield made
    made.close()


def environment(place: Path, **settings: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    safe = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{place}/tiny.db",
        "BUS_URL": f"embedded:///{place}/bus.db",
        "SECRET_KEY": "s3cret-that-is-long-enough-for-us-all",
        "JWKS_URL": "http://127.0.0.1:1/jwks.json",
        "HTTP_PORT": str(free_port()),
        "SHUTDOWN_GRACE": "5",
        **settings,
    }
    return kept | {f"PATCHBAY_{name}": value for name, value in safe.items() if value}


@pytest.mark.parametrize("arguments", [[], ["serve"], ["api", "worker"]])
def test_a_wrong_call_is_answered_with_the_usage(
    program: Program, tmp_path: Path, arguments: list[str]
) -> None:
    done = program.call(arguments, tmp_path)
    assert done.status == 2
    assert done.stderr == "usage: python -m tiny_svc api|worker|relay|migrate|all\n"


WRONG = [
    ("all", {"DATABASE_URL": ""}, "DATABASE_URL"),
    ("all", {"DATABASE_URL": "s3cret"}, "DATABASE_URL"),
    ("migrate", {"DATABASE_URL": "mysql://x:s3cret@db/x"}, "DATABASE_URL"),
    ("worker", {}, "DATABASE_URL"),
    ("all", {"BUS_URL": "redis://:s3cret@broker"}, "BUS_URL"),
    ("all", {"BUS_URL": "amqp://x:s3cret@broker:port/v"}, "BUS_URL"),
    ("all", {"BUS_URL": "amqp://guest:guest@broker/v"}, "BUS_URL"),
    ("all", {"SECRET_KEY": "s3cret"}, "SECRET_KEY"),
    ("all", {"JWKS_URL": ""}, "JWKS_URL"),
    ("all", {"HTTP_PORT": "s3cret"}, "HTTP_PORT"),
]


@pytest.mark.parametrize(("role", "settings", "named"), WRONG)
def test_a_wrong_setting_is_one_line_and_status_2(
    program: Program, tmp_path: Path, role: str, settings: dict[str, str], named: str
) -> None:
    done = program.call([role], tmp_path, **settings)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert done.status == 2
    assert len(lines) == 1
    assert lines[0].startswith(f"PATCHBAY_{named}: ")
    assert "s3cret" not in done.stderr


def test_migrate_ends_with_0_and_may_be_repeated(program: Program, tmp_path: Path) -> None:
    for _ in range(2):
        assert program.call(["migrate"], tmp_path).status == 0
    assert (tmp_path / "tiny.db").exists()


def test_a_port_in_use_ends_with_1_and_is_named(program: Program, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = program.call(["all"], tmp_path, HTTP_PORT=str(taken.getsockname()[1]))
    assert done.status == 1
    assert "http.not_started" in done.stderr
    assert "Traceback" not in done.stderr


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def test_all_roles_in_one_process_get_ready_and_end_with_0_on_sigterm(
    program: Program, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tiny_svc", "all"]
    settings = environment(tmp_path, HTTP_PORT=str(port))
    log = tmp_path / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, cwd=program.folder, env=settings, stderr=errors) as process,
    ):
        try:
            wait_until(lambda: is_ready(port), timeout=30)
            second = program.call(["all"], tmp_path)
            assert second.status == 2, "the bus file belongs to the first"
            assert f"{tmp_path}/bus.db" in second.stderr
            process.terminate()
            assert process.wait(timeout=15) == 0
        finally:
            process.kill()
    assert b"Traceback" not in log.read_bytes()
