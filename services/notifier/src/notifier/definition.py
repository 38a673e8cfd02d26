"""What notifier is.

Each part is imported when a role asks for it: a process keeps what it has imported in memory.
"""

from typing import TYPE_CHECKING

from notifier.settings import NotifierSettings
from patchbay_kit.runtime import Runtime, ServiceDefinition

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy import MetaData

    from patchbay_kit.messaging import Subscriptions


def _metadata() -> "MetaData":
    from notifier.metadata import metadata

    return metadata


def _subscriptions() -> "Subscriptions":
    from notifier.subscriptions import SUBSCRIPTIONS

    return SUBSCRIPTIONS


def _create_app(runtime: Runtime) -> "FastAPI":
    from notifier.app import create_app

    return create_app(runtime)


async def _on_ready(runtime: Runtime) -> None:
    from notifier.start import on_ready

    await on_ready(runtime)


SERVICE = ServiceDefinition(
    name="notifier",
    package="notifier",
    settings=NotifierSettings,
    load_metadata=_metadata,
    load_subscriptions=_subscriptions,
    prefixes=("/v1/alerts",),
    create_app=_create_app,
    on_ready=_on_ready,
)
