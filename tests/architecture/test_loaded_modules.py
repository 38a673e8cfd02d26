"""What a role loads stays in its memory: nothing that it never runs."""

import subprocess
import sys

import pytest

# What each of them takes is in docs/performance.md.
SERVICES = ("ticket_svc", "link_svc", "rmm_gateway", "email_gateway", "notifier")
NEVER = {"aiosqlite", "alembic", "rich", "pygments", "pydantic.v1"}
# Loaded with the first mail or call that needs them.
NEVER |= {"defusedxml", "httpx", "nh3"}
NO_API = NEVER | {"cryptography", "fastapi", "jwt", "starlette"}
NO_SERVICE = NO_API | {"argon2", "sqlmodel"}

# As `patchbay_kit.main` does for the role, until a database is needed that is not there.
_PROGRAM = """
import asyncio, contextlib, sys, tempfile
from pkgutil import resolve_name
from patchbay_contracts import system_topology
from patchbay_kit import main
from patchbay_kit.settings import load_settings

package, role, *unwanted = sys.argv[1:]
service = resolve_name(f"{package}.definition:SERVICE")
settings = load_settings(
    service.settings,
    env="development",
    database_url="postgresql+asyncpg://nobody@127.0.0.1:9/none",
    bus_url="amqp://nobody:none@127.0.0.1:9/none",
    jwks_url="http://127.0.0.1:9/jwks.json",
    blob_dir=tempfile.gettempdir(),
    outgoing="catch",
)
bus = main.create_bus(settings.bus_url, system_topology(), service.name)
runtime = main.build_runtime(service, settings, bus, role=role)
host = main.build_host(service, runtime)
if service.on_ready is not None and role != "relay":
    with contextlib.suppress(OSError):
        asyncio.run(service.on_ready(runtime))
print(*(name for name in unwanted if sys.modules.get(name) is not None))
"""


@pytest.mark.slow
@pytest.mark.parametrize("package", SERVICES)
@pytest.mark.parametrize(
    ("role", "unwanted"), [("relay", NO_SERVICE), ("worker", NO_API), ("api", NEVER)]
)
def test_a_role_loads_nothing_that_it_never_runs(
    package: str, role: str, unwanted: set[str]
) -> None:
    command = [sys.executable, "-c", _PROGRAM, package, role, *sorted(unwanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
