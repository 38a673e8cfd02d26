"""What ticket-svc is.

Each part is imported when a role asks for it: a process keeps what it has imported in memory.
"""

from typing import TYPE_CHECKING

from patchbay_kit.runtime import Runtime, ServiceDefinition
from ticket_svc.settings import TicketSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from sqlalchemy import MetaData

    from patchbay_kit.messaging import Subscriptions
    from patchbay_kit.workers.lifecycle import Loop


def _metadata() -> "MetaData":
    from ticket_svc.metadata import metadata

    return metadata


def _subscriptions() -> "Subscriptions":
    from ticket_svc.subscriptions import SUBSCRIPTIONS

    return SUBSCRIPTIONS


def _create_app(runtime: Runtime) -> "FastAPI":
    from ticket_svc.app import create_app

    return create_app(runtime)


def _loops(runtime: Runtime) -> "Sequence[Loop]":
    from ticket_svc.loops import loops

    return loops(runtime)


def _api_loops(runtime: Runtime) -> "Sequence[Loop]":
    from ticket_svc.live.wiring import live_loops

    return live_loops(runtime)


def _wire(runtime: Runtime) -> None:
    from ticket_svc.start import wire

    wire(runtime)


async def _on_ready(runtime: Runtime) -> None:
    from ticket_svc.start import on_ready

    await on_ready(runtime)


SERVICE = ServiceDefinition(
    name="ticket-svc",
    package="ticket_svc",
    settings=TicketSettings,
    load_metadata=_metadata,
    load_subscriptions=_subscriptions,
    prefixes=(
        "/.well-known/jwks.json",
        "/v1/account-merges",
        "/v1/accounts",
        "/v1/api-keys",
        "/v1/appointments",
        "/v1/assets",
        "/v1/auth",
        "/v1/charges",
        "/v1/contacts",
        "/v1/contracts",
        "/v1/custom-fields",
        "/v1/departments",
        "/v1/dispatcher",
        "/v1/documents",
        "/v1/employees",
        "/v1/exports",
        "/v1/imports",
        "/v1/live",
        "/v1/locations",
        "/v1/mail-decisions",
        "/v1/messages",
        "/v1/portal",
        "/v1/privilege-groups",
        "/v1/settings",
        "/v1/statuses",
        "/v1/tasks",
        "/v1/ticket-merges",
        "/v1/tickets",
        "/v1/views",
    ),
    create_app=_create_app,
    loops=_loops,
    api_loops=_api_loops,
    wire=_wire,
    on_ready=_on_ready,
)
