"""Puts the five services into one process: one bus file, a database file each, one port.

Promise: whatever was answered or taken in survives `kill -9`; the next start goes on where this one
was.
"""

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any

import structlog

from patchbay_contracts import system_topology
from patchbay_hub.operations import PATHS, operations_app
from patchbay_hub.options import RunOptions, check_ports, prepare_data
from patchbay_hub.page import PATHS as PAGE_PATHS
from patchbay_hub.page import page_app
from patchbay_hub.router import PrefixRouter
from patchbay_hub.services import SERVICES
from patchbay_kit.assembly import (
    ReadyLoop,
    build_runtime,
    relay_loops,
    wake_in_process,
    worker_loops,
)
from patchbay_kit.bus.factory import create_bus
from patchbay_kit.db.migrate import migrate
from patchbay_kit.host import Host, HttpEndpoint
from patchbay_kit.runtime import Runtime, ServiceDefinition
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.settings import BaseServiceSettings, Environment, load_settings

log = structlog.get_logger(__name__)

# One box shares its memory among five services: smaller pools than a service alone would take.
POOL = 4
# While neither is set nothing leaves the hub: mails are kept, readable, and marked as caught.
_MAIL_OUT = {"PATCHBAY_OUTGOING", "PATCHBAY_SMTP_HOST"}
# Each batch waits for the disk: bigger ones pay for fewer syncs. A full one holds its service's
# writer for about a tenth of a second.
BATCH = 250


@dataclass
class Hub:
    """The built hub. `runtimes` by service name."""

    options: RunOptions
    host: Host
    runtimes: dict[str, Runtime] = field(default_factory=dict)
    apps: dict[str, Any] = field(default_factory=dict)
    ready: list[ReadyLoop] = field(default_factory=list)
    simulator: HttpEndpoint | None = None

    @property
    def port(self) -> int:
        """The port that the hub listens on, once it does."""
        return self.host.endpoints[0].bound_port


async def build_hub(options: RunOptions) -> Hub:
    """Migrate the databases and build everything; nothing runs yet.

    ConfigurationError for a wrong setting.
    """
    check_ports(options)
    key = prepare_data(options.data)
    settings = {service.name: _settings(service, options, key) for service in SERVICES}
    for service in SERVICES:
        url = settings[service.name].database_url
        await asyncio.to_thread(migrate, service.package, url, service.metadata)
    bus = create_bus(options.bus_url, system_topology(), "hub")
    hub = Hub(options, Host(bus, grace=settings[SERVICES[0].name].shutdown_grace))
    for service in SERVICES:
        _add_service(hub, service, settings[service.name])
    _share_identity(hub)
    apps = {
        prefix: hub.apps[service.name]
        for service in SERVICES
        for prefix in (
            *service.prefixes,
            f"/v1/dead-letters/{service.name}",
            f"/openapi.{service.name}.json",
        )
    }
    operations = operations_app(hub.runtimes, hub.apps)
    apps |= dict.fromkeys(PATHS, operations) | dict.fromkeys(PAGE_PATHS, page_app())
    router = PrefixRouter(apps, default=hub.apps[SERVICES[0].name])
    proxies = settings[SERVICES[0].name].trusted_proxies
    endpoint = HttpEndpoint(
        router, options.host, options.port, hub.host.grace, trusted_proxies=proxies
    )
    hub.host.endpoints.append(endpoint)
    return hub


def _settings(service: ServiceDefinition, options: RunOptions, key: str) -> BaseServiceSettings:
    overrides: dict[str, Any] = {
        "database_url": options.database_url(service.name),
        "database_pool": POOL,
        "batch_size": BATCH,
        "bus_url": options.bus_url,
        "blob_dir": options.data / "blobs",
        "secret_key": key,
        "http_host": options.host,
        "http_port": options.port,
    }
    if not os.environ.get("PATCHBAY_PUBLIC_URL"):
        overrides["public_url"] = f"http://{options.host}:{options.port}"
    if not os.environ.get("PATCHBAY_MAIL_SECRET_KEY"):
        overrides["mail_secret_key"] = SecretBox(key).derive("secrets in mails").hex()
    if options.demo and "PATCHBAY_ENV" not in os.environ:
        overrides["env"] = Environment.DEVELOPMENT
    if service.name == "email-gateway":
        overrides |= {"smtp_listen_host": options.host, "smtp_listen_port": options.smtp_port}
        if options.demo or not _MAIL_OUT & os.environ.keys():
            overrides["outgoing"] = "catch"
    if service.name == "rmm-gateway" and options.demo:
        overrides["allow_private_targets"] = True
    return load_settings(service.settings, **overrides)


def _add_service(hub: Hub, service: ServiceDefinition, settings: BaseServiceSettings) -> None:
    runtime = build_runtime(service, settings, hub.host.bus)
    runtime.extras["quiet"] = True
    wake = wake_in_process(runtime)
    ready = ReadyLoop(service, runtime)
    hub.runtimes[service.name] = runtime
    hub.ready.append(ready)
    hub.host.loops += [
        ready,
        *relay_loops(runtime, wake, listen=False),
        *worker_loops(service, runtime),
        *service.api_loops(runtime),
    ]
    hub.host.on_stop.append(runtime.db.close)
    hub.apps[service.name] = service.create_app(runtime)


def _share_identity(hub: Hub) -> None:
    """All services trust ticket-svc's keys directly, without reading them over HTTP."""
    verifier = hub.runtimes["ticket-svc"].extras["verifier"]
    for runtime in hub.runtimes.values():
        runtime.extras["verifier"] = verifier
