"""What link-svc is.

Each part is imported when a role asks for it: a process keeps what it has imported in memory.
"""

from link_svc.settings import LinkSettings
from patchbay_kit.lazy import called_at, found_at
from patchbay_kit.runtime import ServiceDefinition

SERVICE = ServiceDefinition(
    name="link-svc",
    package="link_svc",
    settings=LinkSettings,
    load_metadata=found_at("link_svc.metadata:metadata"),
    load_subscriptions=found_at("link_svc.subscriptions:SUBSCRIPTIONS"),
    prefixes=("/v1/catalogue", "/v1/links"),
    create_app=called_at("link_svc.app:create_app"),
)
