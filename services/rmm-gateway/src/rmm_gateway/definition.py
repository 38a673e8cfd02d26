"""What rmm-gateway is, for `python -m rmm_gateway <role>` and the embedded hub."""

from patchbay_kit.runtime import ServiceDefinition
from rmm_gateway.app import create_app
from rmm_gateway.loops import loops
from rmm_gateway.metadata import metadata
from rmm_gateway.settings import RmmSettings
from rmm_gateway.start import on_ready
from rmm_gateway.subscriptions import SUBSCRIPTIONS
from rmm_gateway.wiring import wire

SERVICE = ServiceDefinition(
    name="rmm-gateway",
    package="rmm_gateway",
    settings=RmmSettings,
    metadata=metadata,
    subscriptions=SUBSCRIPTIONS,
    prefixes=("/v1/connections", "/v1/remote-commands", "/v1/remote-tickets"),
    create_app=create_app,
    loops=loops,
    wire=wire,
    on_ready=on_ready,
)
