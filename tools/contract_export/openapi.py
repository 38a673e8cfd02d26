"""OpenAPI of the whole hub: every service's app is built on throw-away settings and asked."""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contract_export.services import System
from patchbay_kit.assembly import build_runtime
from patchbay_kit.bus.factory import create_bus
from patchbay_kit.http.openapi import merge_openapi
from patchbay_kit.runtime import ServiceDefinition
from patchbay_kit.settings import load_settings


def render_openapi(system: System) -> dict[str, Any]:
    """The merged document. Nothing is connected, and nothing is left on the disk."""
    for name in [name for name in os.environ if name.startswith("PATCHBAY_")]:
        del os.environ[name]
    with TemporaryDirectory() as folder:
        schemas = asyncio.run(_schemas(system, Path(folder)))
    return merge_openapi(schemas)


async def _schemas(system: System, folder: Path) -> list[dict[str, Any]]:
    return [await _schema(service, folder) for service in system.services]


async def _schema(service: ServiceDefinition, folder: Path) -> dict[str, Any]:
    settings = load_settings(
        service.settings,
        env="development",
        database_url=f"sqlite+aiosqlite:///{folder}/{service.name}.db",
        bus_url=f"embedded:///{folder}/bus.db",
        blob_dir=folder,
        outgoing="catch",  # email-gateway: no mail server; the others ignore it
    )
    runtime = build_runtime(service, settings, create_bus(settings.bus_url, (), service.name))
    try:
        return service.create_app(runtime).openapi()
    finally:
        await runtime.db.close()
