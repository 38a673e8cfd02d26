"""What one service is, and what it runs on.

Built once, at one place, and handed to everything else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from patchbay_kit.blobs import BlobStore
from patchbay_kit.bus import Bus
from patchbay_kit.clock import Clock, utc_now
from patchbay_kit.db import Database
from patchbay_kit.messaging import Subscriptions
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.settings import BaseServiceSettings
from patchbay_kit.workers.lifecycle import Loop

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy import MetaData

Role = Literal["api", "worker", "relay", "all"]


@dataclass(slots=True)
class Runtime:
    """The built parts of one service in one process.

    `extras` holds what the service's own wiring adds. `role` is what the process was started as.
    """

    settings: Any
    db: Database
    bus: Bus
    secrets: SecretBox
    blobs: BlobStore
    clock: Clock = utc_now
    role: Role = "all"
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def has_api(self) -> bool:
        """Whether this process answers callers, and so has to know who they are."""
        return self.role in ("api", "all")


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """Everything that `python -m <service> <role>` and the embedded hub need to know.

    `wire` fills `runtime.extras` (may be async work free); `create_app` mounts the routers; `loops`
    are the service's own loops beside its consumers (polling, sending), `api_loops` those of a
    process that answers callers; `prefixes` are its public paths.

    The functions are those of `lazy`: a role loads what it runs. `wire` and `on_ready` are not
    called in a relay, which knows nothing of its service but the outbox.
    """

    name: str
    package: str
    settings: type[BaseServiceSettings]
    load_metadata: "Callable[[], MetaData]"
    load_subscriptions: Callable[[], Subscriptions]
    prefixes: tuple[str, ...]
    create_app: "Callable[[Runtime], FastAPI]"
    loops: Callable[[Runtime], Sequence[Loop]] = lambda _runtime: ()
    api_loops: Callable[[Runtime], Sequence[Loop]] = lambda _runtime: ()
    wire: Callable[[Runtime], None] = lambda _runtime: None
    on_ready: "Callable[[Runtime], Any] | None" = None

    @property
    def metadata(self) -> "MetaData":
        """All tables of the service."""
        return self.load_metadata()

    @property
    def subscriptions(self) -> Subscriptions:
        """Everything that the service consumes, with the handlers."""
        return self.load_subscriptions()
