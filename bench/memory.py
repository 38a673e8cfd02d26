"""Memory (RSS) of idle processes, beside processes that only import the same libraries."""

import compileall
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.cpu import resident
from bench.servers import Servers, environment, process, run
from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.waiting import wait_until

SERVICES = ("ticket_svc", "link_svc", "rmm_gateway", "email_gateway", "notifier")
TIMEOUT = 120
LOOK_EVERY = 2.0
_WORKER = "aio_pika, asyncpg, pydantic, pydantic_settings, sqlalchemy, sqlmodel, structlog, uvloop"
# Developers' tools bring rich along, and structlog loads it where it is; no image has it.
_NO_RICH = "import sys; sys.modules['rich'] = None"
_API = f"{_WORKER}, fastapi, uvicorn, httptools"


@dataclass(frozen=True)
class Memory:
    """MiB: floors by role, ticket-svc by role, and each service in the role `all`."""

    floors: dict[str, float]
    roles: dict[str, float]
    services: dict[str, float]


def measure(servers: Servers) -> Memory:
    """Start everything, let it settle, look."""
    _compile()
    floors = {role: _imports(names) for role, names in (("worker", _WORKER), ("api", _API))}
    return Memory(floors, _roles(servers), _services(servers))


def _compile() -> None:
    """Bytecode for our own files, as images have it: compiling at start leaves 10 MiB behind."""
    root = Path(__file__).parents[1]
    for folder in root.glob("*/*/src"):
        compileall.compile_dir(folder, quiet=1)


def _services(servers: Servers) -> dict[str, float]:
    amqp = servers.rabbitmq.new_vhost()
    with ExitStack() as stack:
        blobs = stack.enter_context(tempfile.TemporaryDirectory(prefix="pb-", dir="/tmp"))
        started = {}
        for name in SERVICES:
            database = servers.postgres.create_database()
            settings = {"database_url": database, "bus_url": amqp, "blob_dir": blobs}
            started[name] = _start(stack, name, "all", outgoing="catch", **settings)
        return _settled(started)


def _roles(servers: Servers) -> dict[str, float]:
    settings = {
        "database_url": servers.postgres.create_database(),
        "bus_url": servers.rabbitmq.new_vhost(),
    }
    run("ticket_svc", "migrate", env=environment(**settings))
    with ExitStack() as stack:
        roles = ("api", "worker", "relay")
        return _settled({role: _start(stack, "ticket_svc", role, **settings) for role in roles})


def _start(stack: ExitStack, service: str, role: str, **settings: str) -> int:
    """Returns the process's id once it says that it is ready."""
    port = free_port()
    env = environment(**settings, http_port=str(port))
    running = stack.enter_context(process(service, role, env=env))

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(ready, timeout=TIMEOUT, interval=0.2, message=f"{service} {role}")
    return running.pid


def _settled(pids: Mapping[str, int]) -> dict[str, float]:
    """MiB by name, once two looks find nearly the same."""
    looks: list[dict[str, float]] = []

    def same() -> bool:
        looks.append({name: resident(pid) for name, pid in pids.items()})
        before = looks[-2] if len(looks) > 1 else {}
        return all(abs(size - before.get(name, 0)) < 0.5 for name, size in looks[-1].items())

    wait_until(same, timeout=TIMEOUT, interval=LOOK_EVERY, message="memory that stays the same")
    return looks[-1]


def _imports(names: str) -> float:
    """MiB of a process that has imported these and does nothing."""
    program = (
        f"{_NO_RICH}\nimport {names}\n"
        "text = open('/proc/self/status').read()\n"
        "print(text.split('VmRSS:')[1].split()[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1024
