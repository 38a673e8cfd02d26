"""How a connection stands after a call, and when to try again. Pure."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from patchbay_contracts import ConnectionState
from rmm_gateway.providers.base import FailureKind, ProviderError

ACTIVATION = timedelta(hours=24)
PENDING_RETRY = 60.0
REFUSED_RETRY = 300.0
MAX_RETRY = 300.0


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a connection; `activating_since` starts the 24 h of S1-15."""

    state: ConnectionState
    detail: str | None
    activating_since: datetime | None


def after_success() -> Standing:
    """The remote answered as it should."""
    return Standing(ConnectionState.REACHABLE, None, None)


def after_failure(
    error: ProviderError, activating_since: datetime | None, now: datetime
) -> Standing:
    """Pending settings are no error for 24 h (S1-15); wrong credentials are refused (S1-19)."""
    if error.kind is FailureKind.REFUSED:
        return Standing(ConnectionState.REFUSED, str(error), activating_since)
    if error.kind is FailureKind.PENDING:
        since = activating_since or now
        if now < since + ACTIVATION:
            return Standing(
                ConnectionState.ACTIVATING, "the remote's settings still propagate", since
            )
        detail = "the remote's settings are still not in force after 24 hours"
        return Standing(ConnectionState.DEGRADED, detail, since)
    return Standing(ConnectionState.DEGRADED, str(error), activating_since)


def retry_after(error: ProviderError, failures: int, interval: float) -> float:
    """Seconds until the next call: what the remote asked for, else growing, with jitter."""
    if error.kind is FailureKind.PENDING:
        return max(interval, PENDING_RETRY)
    if error.kind is FailureKind.REFUSED:
        return max(interval, REFUSED_RETRY)
    grown = interval * float(2 ** min(failures, 10))
    delay = max(interval, min(MAX_RETRY, grown))
    delay *= random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret.
    return max(delay, error.retry_after or 0.0)
