"""Builds the service's own parts once and hands them to routes and loops through the runtime."""

import asyncio
from dataclasses import dataclass, field

from patchbay_kit.runtime import Runtime
from rmm_gateway.policy import ConnectionPolicy
from rmm_gateway.providers.registry import Providers
from rmm_gateway.settings import RmmSettings

_KEY = "rmm"


@dataclass(slots=True)
class Wakes:
    """Wakes the loops of this process; loops of others look again after `rmm_tick` seconds."""

    events: list[asyncio.Event] = field(default_factory=list)

    def new(self) -> asyncio.Event:
        """An event for one more loop."""
        event = asyncio.Event()
        self.events.append(event)
        return event

    def set(self) -> None:
        """Let every loop look for work now."""
        for event in self.events:
            event.set()


@dataclass(frozen=True, slots=True)
class Parts:
    """What routes and loops of this service share."""

    runtime: Runtime
    settings: RmmSettings
    policy: ConnectionPolicy
    providers: Providers
    wakes: Wakes


def wire(runtime: Runtime) -> None:
    """Fill `runtime.extras`."""
    settings: RmmSettings = runtime.settings
    allow_private = settings.private_targets_allowed
    runtime.extras[_KEY] = Parts(
        runtime=runtime,
        settings=settings,
        policy=ConnectionPolicy(runtime.secrets, allow_private),
        providers=Providers(settings.rmm_timeout, allow_private),
        wakes=Wakes(),
    )


def parts_of(runtime: Runtime) -> Parts:
    """The parts that `wire` built."""
    parts: Parts = runtime.extras[_KEY]
    return parts
