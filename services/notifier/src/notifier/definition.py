"""What notifier is: its settings, tables, subscriptions, paths and app."""

from notifier.app import create_app
from notifier.metadata import metadata
from notifier.settings import NotifierSettings
from notifier.start import on_ready
from notifier.subscriptions import SUBSCRIPTIONS
from patchbay_kit.runtime import ServiceDefinition

SERVICE = ServiceDefinition(
    name="notifier",
    package="notifier",
    settings=NotifierSettings,
    metadata=metadata,
    subscriptions=SUBSCRIPTIONS,
    prefixes=("/v1/alerts",),
    create_app=create_app,
    on_ready=on_ready,
)
