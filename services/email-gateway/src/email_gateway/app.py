"""email-gateway's HTTP app: its routers, nothing else."""

from fastapi import FastAPI

from email_gateway.ledger.probing import router as tests
from email_gateway.ledger.routes import router as mails
from email_gateway.mailboxes.checking import router as checks
from email_gateway.mailboxes.routes import router as mailboxes
from patchbay_kit.http import create_service_app
from patchbay_kit.runtime import Runtime


def create_app(runtime: Runtime) -> FastAPI:
    """The app of the role `api`."""
    routers = [mailboxes, checks, tests, mails]
    return create_service_app(runtime, "email-gateway", routers, title="Patchbay mail")
