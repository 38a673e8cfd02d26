"""What link-svc is.

Each part is imported when a role asks for it: a process keeps what it has imported in memory.
"""

from typing import TYPE_CHECKING

from link_svc.settings import LinkSettings
from patchbay_kit.runtime import Runtime, ServiceDefinition

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy import MetaData

    from patchbay_kit.messaging import Subscriptions


def _metadata() -> "MetaData":
    from link_svc.metadata import metadata

    return metadata


def _subscriptions() -> "Subscriptions":
    from link_svc.subscriptions import SUBSCRIPTIONS

    return SUBSCRIPTIONS


def _create_app(runtime: Runtime) -> "FastAPI":
    from link_svc.app import create_app

    return create_app(runtime)


SERVICE = ServiceDefinition(
    name="link-svc",
    package="link_svc",
    settings=LinkSettings,
    load_metadata=_metadata,
    load_subscriptions=_subscriptions,
    prefixes=("/v1/catalogue", "/v1/links"),
    create_app=_create_app,
)
