"""What ticket-svc is: its settings, tables, subscriptions, paths, app and loops."""

from patchbay_kit.runtime import ServiceDefinition
from ticket_svc.app import create_app
from ticket_svc.loops import loops
from ticket_svc.metadata import metadata
from ticket_svc.settings import TicketSettings
from ticket_svc.start import on_ready, wire
from ticket_svc.subscriptions import SUBSCRIPTIONS

SERVICE = ServiceDefinition(
    name="ticket-svc",
    package="ticket_svc",
    settings=TicketSettings,
    metadata=metadata,
    subscriptions=SUBSCRIPTIONS,
    prefixes=(
        "/.well-known/jwks.json",
        "/v1/accounts",
        "/v1/assets",
        "/v1/auth",
        "/v1/contacts",
        "/v1/employees",
        "/v1/mail-decisions",
        "/v1/settings",
        "/v1/tickets",
    ),
    create_app=create_app,
    loops=loops,
    wire=wire,
    on_ready=on_ready,
)
