"""What email-gateway is.

Each part is imported when a role asks for it: a process keeps what it has imported in memory.
"""

from typing import TYPE_CHECKING

from email_gateway.settings import EmailSettings
from patchbay_kit.runtime import Runtime, ServiceDefinition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from sqlalchemy import MetaData

    from patchbay_kit.messaging import Subscriptions
    from patchbay_kit.workers.lifecycle import Loop


def _metadata() -> "MetaData":
    from email_gateway.metadata import metadata

    return metadata


def _subscriptions() -> "Subscriptions":
    from email_gateway.subscriptions import SUBSCRIPTIONS

    return SUBSCRIPTIONS


def _create_app(runtime: Runtime) -> "FastAPI":
    from email_gateway.app import create_app

    return create_app(runtime)


def _loops(runtime: Runtime) -> "Sequence[Loop]":
    from email_gateway.wiring import loops

    return loops(runtime)


def _wire(runtime: Runtime) -> None:
    from email_gateway.wiring import wire

    wire(runtime)


async def _on_ready(runtime: Runtime) -> None:
    from email_gateway.start import on_ready

    await on_ready(runtime)


SERVICE = ServiceDefinition(
    name="email-gateway",
    package="email_gateway",
    settings=EmailSettings,
    load_metadata=_metadata,
    load_subscriptions=_subscriptions,
    prefixes=("/v1/mailboxes", "/v1/mails"),
    create_app=_create_app,
    loops=_loops,
    wire=_wire,
    on_ready=_on_ready,
)
