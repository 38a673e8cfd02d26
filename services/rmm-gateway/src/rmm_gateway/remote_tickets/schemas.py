"""Response bodies of remote tickets."""

from datetime import datetime

from pydantic import Field

from patchbay_kit.http import ResponseModel
from rmm_gateway.ledger.rules import TicketState, UpdateState
from rmm_gateway.outbound.schemas import CommandDetail, StepOut


class RemoteTicketOut(ResponseModel):
    """A remote ticket as the ledger knows it."""

    id: str
    connection_id: str
    remote_ticket_id: str
    state: TicketState
    number: str | None
    url: str | None
    origin: str | None = Field(description="alert, service_ticket or noc_manual; null: not seen")
    remote_site_id: str | None
    site_name: str | None
    summary: str
    assignee_group: str | None
    occurred_at: datetime
    first_seen_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None = Field(description="known to be closed at the remote")
    duplicates: int


class UpdateOut(ResponseModel):
    """One update that the remote system sent."""

    seq: int
    kind: str
    state: UpdateState
    occurred_at: datetime
    received_at: datetime


class RemoteTicketExplanation(ResponseModel):
    """Why a remote ticket is where it is, in order, and what was asked of the remote since."""

    ticket: RemoteTicketOut
    steps: list[StepOut]
    updates: list[UpdateOut]
    commands: list[CommandDetail]
