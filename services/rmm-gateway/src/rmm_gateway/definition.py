"""What rmm-gateway is.

Each part is imported when a role asks for it: a process keeps what it has imported in memory.
"""

from patchbay_kit.lazy import called_at, found_at
from patchbay_kit.runtime import ServiceDefinition
from rmm_gateway.settings import RmmSettings

SERVICE = ServiceDefinition(
    name="rmm-gateway",
    package="rmm_gateway",
    settings=RmmSettings,
    load_metadata=found_at("rmm_gateway.metadata:metadata"),
    load_subscriptions=found_at("rmm_gateway.subscriptions:SUBSCRIPTIONS"),
    prefixes=("/v1/connections", "/v1/remote-commands", "/v1/remote-tickets"),
    create_app=called_at("rmm_gateway.app:create_app"),
    loops=called_at("rmm_gateway.loops:loops"),
    wire=called_at("rmm_gateway.wiring:wire"),
    on_ready=called_at("rmm_gateway.start:on_ready"),
)
