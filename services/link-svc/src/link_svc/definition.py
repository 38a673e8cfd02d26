"""What link-svc is: its settings, tables, subscriptions, paths and app."""

from link_svc.app import create_app
from link_svc.metadata import metadata
from link_svc.settings import LinkSettings
from link_svc.subscriptions import SUBSCRIPTIONS
from patchbay_kit.runtime import ServiceDefinition

SERVICE = ServiceDefinition(
    name="link-svc",
    package="link_svc",
    settings=LinkSettings,
    metadata=metadata,
    subscriptions=SUBSCRIPTIONS,
    prefixes=("/v1/catalogue", "/v1/links"),
    create_app=create_app,
)
