"""ticket-svc's HTTP app: its routers, nothing else."""

from fastapi import FastAPI

from patchbay_kit.http import create_service_app
from patchbay_kit.runtime import Runtime
from ticket_svc.auth.routes import router as auth


def create_app(runtime: Runtime) -> FastAPI:
    """The app of the role `api`."""
    return create_service_app(runtime, "ticket-svc", [auth], title="Patchbay tickets")
