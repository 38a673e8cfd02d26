"""Settings of rmm-gateway beside those that every service has."""

from datetime import timedelta

from pydantic import Field

from patchbay_kit.settings import BaseServiceSettings, Environment


class RmmSettings(BaseServiceSettings):
    """Names in the environment: PATCHBAY_ + the field in capitals."""

    allow_private_targets: bool = Field(
        default=False,
        description="allow base URLs in private networks; always allowed in development",
    )
    rmm_timeout: float = Field(
        default=10.0, gt=0, le=120, description="seconds that a remote system has for one answer"
    )
    rmm_batch_size: int = Field(
        default=500, ge=1, le=500, description="updates leased from a remote queue at a time"
    )
    rmm_poll_concurrency: int = Field(
        default=4, ge=1, le=32, description="remote systems polled at the same time"
    )
    rmm_command_concurrency: int = Field(
        default=8, ge=1, le=64, description="remote commands carried out at the same time"
    )
    rmm_tick: float = Field(
        default=0.5, gt=0, le=60, description="seconds between looks for work that is due"
    )

    @property
    def lease(self) -> timedelta:
        """After which silence a poller or sender counts as dead: a look and a call take less."""
        return timedelta(seconds=3 * self.rmm_timeout + 5)

    @property
    def private_targets_allowed(self) -> bool:
        """Whether addresses that are not public may be called."""
        return self.allow_private_targets or self.env is Environment.DEVELOPMENT
