"""What the caller of the simulator decides."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

CONTRACT = "continuum-sim/1"
ScenarioName = Literal["demo", "none"]


def wall_clock() -> datetime:
    """Return the time of the machine in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one simulator.

    `psg_code` may only be left out for the demo, which makes one up, or when the state file
    already holds one. Without `scenario` and `interval_seconds` it goes on as the state file says.
    """

    psg_code: str | None = None
    state_file: Path | None = None
    scenario: ScenarioName | None = None
    interval_seconds: float | None = None
    lease_seconds: float = 30.0
    public_url: str = "http://continuum.invalid"
    seed: int = 1
    wall_clock: Callable[[], datetime] = wall_clock
