"""The HTTP app: routers, nothing else."""

from fastapi import FastAPI

from link_svc.browse.routes import router as catalogue
from link_svc.links.routes import router as links
from patchbay_kit.http import create_service_app
from patchbay_kit.runtime import Runtime


def create_app(runtime: Runtime) -> FastAPI:
    """The app of link-svc."""
    return create_service_app(runtime, "link-svc", [links, catalogue], title="Patchbay links")
