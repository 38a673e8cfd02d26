"""The HTTP app: routers, nothing else."""

from fastapi import FastAPI

from notifier.alerts.routes import router as alerts
from patchbay_kit.http import create_service_app
from patchbay_kit.runtime import Runtime


def create_app(runtime: Runtime) -> FastAPI:
    """The app of notifier."""
    return create_service_app(runtime, "notifier", [alerts], title="Patchbay alerts")
