"""Bodies and queries of the control API."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from continuum_sim.models import Name, ReturnReason, Strict

FaultKind = Literal["status", "reset", "delay", "truncated_json", "html", "slow_success"]
Seconds = Annotated[float, Field(ge=0, le=300)]


class ConsoleNote(Strict):
    """A note written in the simulator's own console."""

    note: Annotated[str, Field(min_length=1)]


class ConsoleClose(Strict):
    """A close in the simulator's own console."""

    note: str = ""


class ConsoleReturn(Strict):
    """NOC or Virtual Service Desk hands the ticket back."""

    reason: ReturnReason
    note: str = ""


class ClockChange(Strict):
    """Move simulated time. `set` wins over `advance`; `freeze` stops it there."""

    advance: float | None = None
    set: AwareDatetime | None = None
    freeze: bool = False


class PsgChange(Strict):
    """Change the PSG code or keep it, and say until when it is still propagating."""

    code: Name | None = None
    pending_until: AwareDatetime | None = None
    pending_seconds: float | None = None


class FaultSpec(Strict):
    """A fault for the next `times` matching PSG calls, after letting `skip` of them pass.

    `path` is a shell pattern, `*` also matches slashes. `seconds` is real time.
    """

    kind: FaultKind
    times: Annotated[int, Field(ge=1)] = 1
    skip: Annotated[int, Field(ge=0)] = 0
    path: str = "*"
    method: str | None = None
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    seconds: Seconds = 0.0
    retry_after: Annotated[int, Field(ge=0)] | None = None
    cut: bool = False


class ScenarioSpec(Strict):
    """A scenario and its parameters; those of another scenario are ignored."""

    name: Literal["demo", "storm", "none"]
    seed: int = 1
    interval: Annotated[float, Field(gt=0)] | None = None
    tickets: Annotated[int, Field(ge=1, le=200_000)] = 1000
    sites: Annotated[int, Field(ge=1, le=10_000)] = 20
    devices_per_site: Annotated[int, Field(ge=0, le=1000)] = 5
    unknown_sites: Annotated[int, Field(ge=0, le=10_000)] = 3
    unknown_site_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    no_site_share: Annotated[float, Field(ge=0, le=1)] = 0.02
    unknown_device_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    duplicate_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    shuffle: bool = True


class LogQuery(Strict):
    """Filter of the journal. `path` is a shell pattern."""

    path: str | None = None
    ticket_id: str | None = None
    after: int = 0
    limit: Annotated[int, Field(ge=1, le=100_000)] = 1000
    violations: bool = False


class EffectsQuery(Strict):
    """Filter of the effects."""

    ticket_id: str | None = None
    external_ref: str | None = None
