"""Response bodies of remote commands."""

from datetime import datetime
from typing import Any

from patchbay_kit.http import ResponseModel
from rmm_gateway.outbound.rules import AttemptOutcome, CommandState


class StepOut(ResponseModel):
    """One step of a decision; the meaning of each code is in docs/reasons.md."""

    code: str
    params: dict[str, Any]
    at: datetime


class AttemptOut(ResponseModel):
    """One attempt; without outcome it is running."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    outcome: AttemptOutcome | None
    detail: str | None


class CommandOut(ResponseModel):
    """A command to a remote system and how far it is."""

    id: str
    kind: str
    state: CommandState
    connection_id: str
    provider: str
    remote_ticket_id: str
    remote_number: str | None
    remote_url: str | None
    ticket_id: str
    ticket_number: str
    attempts: int
    outcome_unknown: bool
    next_attempt_at: datetime | None
    last_error: str | None
    requested_at: datetime
    requested_by: str | None
    finished_at: datetime | None


class CommandDetail(CommandOut):
    """The same with its reasons and every attempt: why, and what comes next."""

    idempotency_key: str
    reasons: list[StepOut]
    attempt_list: list[AttemptOut]
