"""What email-gateway is: its settings, tables, subscriptions, paths, app and loops."""

from email_gateway.app import create_app
from email_gateway.metadata import metadata
from email_gateway.settings import EmailSettings
from email_gateway.start import on_ready
from email_gateway.subscriptions import SUBSCRIPTIONS
from email_gateway.wiring import loops, wire
from patchbay_kit.runtime import ServiceDefinition

SERVICE = ServiceDefinition(
    name="email-gateway",
    package="email_gateway",
    settings=EmailSettings,
    metadata=metadata,
    subscriptions=SUBSCRIPTIONS,
    prefixes=("/v1/mailboxes", "/v1/mails"),
    create_app=create_app,
    loops=loops,
    wire=wire,
    on_ready=on_ready,
)
