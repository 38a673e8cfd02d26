"""`python -m <service> api|worker|relay|migrate|all`: one image, several roles."""

import multiprocessing
import sys
from typing import NoReturn, cast

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
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.host import Host, HttpEndpoint, leave
from patchbay_kit.logging import configure_logging
from patchbay_kit.probes import ProbeApp
from patchbay_kit.runtime import Role, Runtime, ServiceDefinition
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
            _migrate(service, settings)
            sys.exit(0)
        role = cast("Role", sys.argv[1])
        bus = create_bus(settings.bus_url, system_topology(), service.name)
        runtime = build_runtime(service, settings, bus, role=role)
        _check_role(runtime)
        if role == "all":
            _migrate_apart(service, settings)
        leave(uvloop.run(_run(service, runtime)))
    except ConfigurationError as error:
        sys.exit(_fail(str(error)))


async def _run(service: ServiceDefinition, runtime: Runtime) -> int:
    return await build_host(service, runtime).run()


def build_host(service: ServiceDefinition, runtime: Runtime) -> Host:
    """Everything that a process of the runtime's role runs; nothing runs yet."""
    settings: BaseServiceSettings = runtime.settings
    role = runtime.role
    host = Host(runtime.bus, grace=settings.shutdown_grace, on_stop=[runtime.db.close])
    if role in ("relay", "all"):
        wake = wake_in_process(runtime)
        host.loops += relay_loops(runtime, wake, listen=runtime.db.is_postgres)
    else:
        host.loops += wake_by_notify(runtime)
    app = (
        service.create_app(runtime)
        if runtime.has_api
        else ProbeApp(runtime, service.name, service.package)
    )
    if role != "relay":
        host.loops.append(ReadyLoop(service, runtime))
    if role in ("worker", "all"):
        host.loops += worker_loops(service, runtime)
    if runtime.has_api:
        host.loops += service.api_loops(runtime)
    host.endpoints.append(
        HttpEndpoint(
            app,
            settings.http_host,
            settings.http_port,
            grace=settings.shutdown_grace,
            trusted_proxies=settings.trusted_proxies,
        )
    )
    return host


def _migrate(service: ServiceDefinition, settings: BaseServiceSettings) -> None:
    # Alembic takes 10 MiB; no other role needs it.
    from patchbay_kit.db.migrate import migrate

    migrate(service.package, settings.database_url, service.metadata)


def _migrate_apart(service: ServiceDefinition, settings: BaseServiceSettings) -> None:
    """Migrate in a child, so that what Alembic takes is given back. Nothing runs here yet that a
    fork could copy half-way: no thread, no event loop, no connection.
    """

    def work() -> None:
        try:
            _migrate(service, settings)
        except ConfigurationError as error:
            sys.exit(_fail(str(error)))

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
    if child.exitcode:
        # The child has said why.
        sys.exit(child.exitcode if child.exitcode > 0 else 1)


def _check_role(runtime: Runtime) -> None:
    if runtime.role != "all" and not runtime.db.is_postgres:
        raise ConfigurationError(
            "PATCHBAY_DATABASE_URL: the roles run apart only on PostgreSQL; "
            "use the role 'all' with SQLite"
        )
    if runtime.has_api and "verifier" not in runtime.extras:
        raise ConfigurationError(
            "PATCHBAY_JWKS_URL: must name where the issuer's public keys are read"
        )


def _fail(message: str) -> int:
    sys.stderr.write(message + "\n")
    return 2
