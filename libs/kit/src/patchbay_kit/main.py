"""`python -m <service> api|worker|relay|migrate|all`: one image, several roles."""

import asyncio
import sys
from typing import NoReturn

import uvloop

from patchbay_contracts import system_topology
from patchbay_kit.assembly import (
    ReadyLoop,
    build_runtime,
    relay_loops,
    wake_by_notify,
    wake_in_process,
    worker_loops,
)
from patchbay_kit.bus.factory import create_bus
from patchbay_kit.db.migrate import migrate
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.host import Host, HttpEndpoint, leave
from patchbay_kit.http.app import create_probe_app
from patchbay_kit.logging import configure_logging
from patchbay_kit.runtime import Runtime, ServiceDefinition
from patchbay_kit.settings import BaseServiceSettings, load_settings

ROLES = ("api", "worker", "relay", "migrate", "all")


def main(service: ServiceDefinition) -> NoReturn:
    """Run one role until SIGTERM. Exit 2 and one line on stderr for a wrong call or setting."""
    if len(sys.argv) != 2 or sys.argv[1] not in ROLES:
        sys.exit(_fail(f"usage: python -m {service.package} {'|'.join(ROLES)}"))
    try:
        settings = load_settings(service.settings)
        configure_logging(settings.log_level, settings.log_format, service=service.name)
        if sys.argv[1] == "migrate":
            migrate(service.package, settings.database_url, service.metadata)
            sys.exit(0)
        leave(uvloop.run(run_role(service, settings, sys.argv[1])))
    except ConfigurationError as error:
        sys.exit(_fail(str(error)))


async def run_role(service: ServiceDefinition, settings: BaseServiceSettings, role: str) -> int:
    """Build and run the host of one role; returns the exit status."""
    bus = create_bus(settings.bus_url, system_topology(), service.name)
    runtime = build_runtime(service, settings, bus)
    _check_role(role, runtime)
    if role == "all":
        await asyncio.to_thread(migrate, service.package, settings.database_url, service.metadata)
    host = Host(bus, grace=settings.shutdown_grace, on_stop=[runtime.db.close])
    if role in ("relay", "all"):
        wake = wake_in_process(runtime)
        host.loops += relay_loops(runtime, wake, listen=runtime.db.is_postgres)
    else:
        host.loops += wake_by_notify(runtime)
    if role in ("api", "all"):
        app = service.create_app(runtime)
    else:
        app = create_probe_app(runtime, service.name)
    if role in ("api", "worker", "all"):
        host.loops.append(ReadyLoop(service, runtime))
    if role in ("worker", "all"):
        host.loops += worker_loops(service, runtime)
    host.endpoints.append(
        HttpEndpoint(app, settings.http_host, settings.http_port, grace=settings.shutdown_grace)
    )
    return await host.run()


def _check_role(role: str, runtime: Runtime) -> None:
    if role != "all" and not runtime.db.is_postgres:
        raise ConfigurationError(
            "PATCHBAY_DATABASE_URL: the roles run apart only on PostgreSQL; "
            "use the role 'all' with SQLite"
        )
    if role in ("api", "all") and "verifier" not in runtime.extras:
        raise ConfigurationError(
            "PATCHBAY_JWKS_URL: must name where the issuer's public keys are read"
        )


def _fail(message: str) -> int:
    sys.stderr.write(message + "\n")
    return 2
