"""What notifier is.

Each part is imported when a role asks for it: a process keeps what it has imported in memory.
"""

from notifier.settings import NotifierSettings
from patchbay_kit.lazy import called_at, found_at
from patchbay_kit.runtime import ServiceDefinition

SERVICE = ServiceDefinition(
    name="notifier",
    package="notifier",
    settings=NotifierSettings,
    load_metadata=found_at("notifier.metadata:metadata"),
    load_subscriptions=found_at("notifier.subscriptions:SUBSCRIPTIONS"),
    prefixes=("/v1/alerts",),
    create_app=called_at("notifier.app:create_app"),
    on_ready=called_at("notifier.start:on_ready"),
)
