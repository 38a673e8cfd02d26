"""What becomes of a command, decided without a database or a network."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from patchbay_contracts import Reason, ReasonCode
from rmm_gateway.providers.base import FailureKind, ProviderError

MAX_ATTEMPTS = 10
# Seconds after attempt 1, 2, …: about three and a half hours in all.
DELAYS = (5.0, 15.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0)
# Until the code works or the settings apply; such attempts do not count.
BARRED_DELAY = 300.0
COMPLETED = "completed"


class CommandState(StrEnum):
    """`waiting`: for ticket processing. `skipped`: the connection does not want it."""

    QUEUED = "queued"
    WAITING = "waiting"
    SENDING = "sending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class AttemptOutcome(StrEnum):
    """How one attempt ended; `interrupted`: its process died, so nobody knows."""

    SUCCEEDED = "succeeded"
    ALREADY_DONE = "already_done"
    UNKNOWN = "unknown"
    TRANSIENT = "transient"
    BARRED = "barred"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Plan:
    """The state a command starts in, and why."""

    state: CommandState
    reason: Reason


@dataclass(frozen=True, slots=True)
class CallResult:
    """What an attempt came to. `unknown`: the remote has to be looked at before the next one."""

    outcome: AttemptOutcome
    detail: str | None = None
    unknown: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """What follows from a result; `delay` in seconds where there is another attempt."""

    state: CommandState
    reason: Reason
    delay: float = 0.0
    counts: bool = True


def close_key(connection_id: str, remote_ticket_id: str) -> str:
    """A remote ticket is closed once per connection, whatever happens here (S1-84)."""
    return f"close:{connection_id}:{remote_ticket_id}"


def plan_close(status: str, *, close_on: str | None, enabled: bool, known_closed: bool) -> Plan:
    """Whether a closed ticket closes its remote twin (S1-83); `close_on` None: no connection."""
    if close_on is None:
        params = {"error": "the connection was removed"}
        return Plan(CommandState.FAILED, Reason(code=ReasonCode.COMMAND_FAILED, params=params))
    if close_on == "completed_only" and status != COMPLETED:
        params = {"status": status, "close_on": close_on}
        return Plan(CommandState.SKIPPED, Reason(code=ReasonCode.COMMAND_NOT_WANTED, params=params))
    if known_closed:
        reason = Reason(code=ReasonCode.COMMAND_ALREADY_CLOSED, params={"known": True})
        return Plan(CommandState.SUCCEEDED, reason)
    if not enabled:
        return Plan(CommandState.WAITING, waiting_reason())
    return Plan(CommandState.QUEUED, Reason(code=ReasonCode.COMMAND_QUEUED))


def waiting_reason() -> Reason:
    """Why a command of a disabled connection does not go out (S1-48)."""
    return Reason(code=ReasonCode.COMMAND_QUEUED, params={"waits_for": "ticket_processing"})


def of_error(error: ProviderError, *, looking: bool) -> CallResult:
    """What a failed call means; `looking`: the look before a repetition failed."""
    text = f"{error.code}: {error}"
    if error.kind is FailureKind.PERMANENT:
        return CallResult(AttemptOutcome.REFUSED, text, unknown=looking)
    if error.kind in (FailureKind.REFUSED, FailureKind.PENDING):
        return CallResult(AttemptOutcome.BARRED, text, unknown=looking)
    if error.kind is FailureKind.UNKNOWN and not looking:
        return CallResult(AttemptOutcome.UNKNOWN, text, unknown=True, retry_after=error.retry_after)
    return CallResult(
        AttemptOutcome.TRANSIENT, text, unknown=looking, retry_after=error.retry_after
    )


def after(result: CallResult, counted: int) -> Next:
    """What follows; `counted` attempts have been made, this one included."""
    code = ReasonCode
    match result.outcome:
        case AttemptOutcome.SUCCEEDED:
            return Next(CommandState.SUCCEEDED, Reason(code=code.COMMAND_SUCCEEDED))
        case AttemptOutcome.ALREADY_DONE:
            return Next(CommandState.SUCCEEDED, Reason(code=code.COMMAND_ALREADY_CLOSED))
        case AttemptOutcome.REFUSED:
            return Next(CommandState.FAILED, _failed(result, counted))
        case AttemptOutcome.BARRED:
            reason = _again(code.COMMAND_RETRY, result, BARRED_DELAY)
            return Next(CommandState.QUEUED, reason, BARRED_DELAY, counts=False)
    if counted >= MAX_ATTEMPTS:
        return Next(CommandState.FAILED, _failed(result, counted))
    delay = DELAYS[min(counted, len(DELAYS)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter.
    delay = max(delay, result.retry_after or 0.0)
    unknown = result.outcome is AttemptOutcome.UNKNOWN
    which = code.COMMAND_OUTCOME_UNKNOWN if unknown else code.COMMAND_RETRY
    return Next(CommandState.QUEUED, _again(which, result, delay), delay)


def _failed(result: CallResult, counted: int) -> Reason:
    params: dict[str, Any] = {"error": result.detail, "attempts": counted}
    if result.unknown:
        params["outcome_unknown"] = True
    return Reason(code=ReasonCode.COMMAND_FAILED, params=params)


def _again(code: ReasonCode, result: CallResult, delay: float) -> Reason:
    return Reason(code=code, params={"error": result.detail, "next_in_seconds": round(delay)})
