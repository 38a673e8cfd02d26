"""What email-gateway is.

Each part is imported when a role asks for it: a process keeps what it has imported in memory.
"""

from email_gateway.settings import EmailSettings
from patchbay_kit.lazy import called_at, found_at
from patchbay_kit.runtime import ServiceDefinition

SERVICE = ServiceDefinition(
    name="email-gateway",
    package="email_gateway",
    settings=EmailSettings,
    load_metadata=found_at("email_gateway.metadata:metadata"),
    load_subscriptions=found_at("email_gateway.subscriptions:SUBSCRIPTIONS"),
    prefixes=("/v1/mailboxes", "/v1/mails"),
    create_app=called_at("email_gateway.app:create_app"),
    loops=called_at("email_gateway.wiring:loops"),
    wire=called_at("email_gateway.wiring:wire"),
    on_ready=called_at("email_gateway.start:on_ready"),
)
