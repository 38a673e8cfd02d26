"""The HTTP application of rmm-gateway."""

from fastapi import FastAPI

from patchbay_kit.http import create_service_app
from patchbay_kit.runtime import Runtime
from rmm_gateway.connections import routes as connections
from rmm_gateway.outbound import routes as commands
from rmm_gateway.remote_tickets import routes as remote_tickets


def create_app(runtime: Runtime) -> FastAPI:
    """Mount the routers."""
    routers = (
        connections.router,
        connections.checks,
        commands.router,
        remote_tickets.router,
    )
    return create_service_app(runtime, "rmm-gateway", routers, title="rmm-gateway")
