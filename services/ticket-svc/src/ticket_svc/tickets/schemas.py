"""Bodies of the tickets' API."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from patchbay_contracts import Channel, RemoteOrigin
from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.desk.statuses import Priority as Priority
from ticket_svc.desk.statuses import Status, StatusClass, StatusCode, class_of
from ticket_svc.explaining import ExplainedReason
from ticket_svc.moments import Moment
from ticket_svc.params import RecordId
from ticket_svc.tickets.read_state import Envelope
from ticket_svc.tickets.recipient_schemas import ExternalRecipient, RecipientView
from ticket_svc.tickets.records import Kind

Subject = Annotated[
    str, Field(min_length=1, max_length=500, examples=["The printer on floor 3 jams"])
]
LongText = Annotated[str, Field(max_length=100_000)]
TypeCode = Annotated[
    str,
    Field(max_length=60, description="a code of the desk's ticket_types", examples=["incident"]),
]
CustomFields = Annotated[
    dict[str, Any],
    Field(max_length=200, description="by key; null removes one", examples=[{"floor": "3"}]),
]


_NULLABLE = frozenset(
    {"due_at", "manager_id", "asset_id", "contact_id", "contract_id", "closed_at"}
)


class NewTicketRequest(RequestModel):
    """A ticket as a person or a program opens it."""

    account_id: RecordId
    subject: Subject
    description: LongText = ""
    contact_id: RecordId | None = None
    asset_id: RecordId | None = None
    manager_id: RecordId | None = Field(
        default=None, description="default: the account's manager, else the desk's"
    )
    contract_id: RecordId | None = Field(
        default=None, description="default: the account's default contract (X-21)"
    )
    priority: Priority = "normal"
    type: TypeCode = ""
    status: Status = Status.NEW
    due_at: Moment | None = Field(default=None, examples=["2026-12-01T10:00:00Z"])
    awaits_dispatch: bool | None = Field(
        default=None, description='"Waiting for Dispatching"; default: as the desk is set (X-18)'
    )
    custom_fields: CustomFields = Field(default_factory=dict)
    recipients: list[ExternalRecipient] | None = Field(
        default=None, max_length=200, description="instead of the main contact (S2-133)"
    )

    @model_validator(mode="after")
    def _closed_does_not_wait(self) -> Self:
        if class_of(self.status) == "closed":
            if self.awaits_dispatch:
                raise ValueError("a closed ticket does not wait for dispatching")
            self.awaits_dispatch = False
        return self


class TicketChange(RequestModel):
    """Fields that are left out stay as they are; null empties those that may be empty."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"priority": "high", "due_at": "2026-11-23T16:00:00Z"}]}
    )

    subject: Subject | None = None
    description: LongText | None = None
    status: Status | None = None
    priority: Priority | None = None
    type: TypeCode | None = None
    due_at: Moment | None = None
    awaits_dispatch: bool | None = None
    manager_id: RecordId | None = None
    asset_id: RecordId | None = None
    contact_id: RecordId | None = None
    contract_id: RecordId | None = None
    custom_fields: CustomFields | None = None
    closed_at: Moment | None = Field(
        default=None, description="with a closed status only; not before creation, not to come"
    )

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - _NULLABLE:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self

    def changes(self) -> dict[str, Any]:
        """What was sent, as the columns hold it."""
        sent = self.model_dump(exclude_unset=True)
        return {name: str(v) if isinstance(v, Status) else v for name, v in sent.items()}


class NewStatus(RequestModel):
    """A ticket dragged to a status (S2-52)."""

    status: Status = Field(examples=["in_progress"])
    remove_from_inbox: bool = Field(
        default=False, description="take it out of the Inbox in the same step"
    )
    closed_at: Moment | None = Field(default=None, description="for a closed status; default: now")


class NewNote(RequestModel):
    text: LongText = Field(min_length=1, examples=["Called Ann; she will try another cable."])
    public: bool = Field(default=False, description="customers may read it")


class Named(ResponseModel):
    id: str
    name: str


class Person(Named):
    email: str | None = None


class RemoteTwin(ResponseModel):
    """The ticket of the remote system, which is read-only there (S1-10)."""

    connection_id: str
    provider: str
    remote_ticket_id: str
    number: str | None
    url: str | None
    origin: RemoteOrigin | None = Field(description="what made it there (S1-01)")
    closed_at: datetime | None = Field(description="when it was closed there, by somebody there")


class TicketSummary(ResponseModel):
    """A ticket in a list. Times are UTC."""

    id: str
    number: str
    subject: str
    status: StatusCode
    status_label: str = Field(description="what the desk calls it (X-19)", examples=["In Progress"])
    status_class: StatusClass
    priority: Priority
    priority_label: str
    type: str
    type_label: str
    due_at: datetime | None
    awaits_dispatch: bool = Field(
        description='"Waiting for Dispatching" (S2-31); closed ones do not'
    )
    channel: Channel
    account: Named
    manager: Person | None
    asset: Named | None
    remote: RemoteTwin | None
    in_inbox: bool
    inbox_since: datetime | None
    inbox_awaiting: str | None = Field(
        description="what the remote team that handed it back waits for"
    )
    envelope: Envelope = Field(
        description="closed until the manager has seen the last external update (S2-58, S2-59)"
    )
    own: bool = Field(description="the viewer is its manager (S2-60)")
    bold: bool = Field(description="the viewer is its manager and has not read it (S2-61)")
    external_update_at: datetime | None = Field(
        description="the last creation or update by a customer or a program"
    )
    merged_into_id: str | None = Field(
        description="where it went; null as well for those who may not see that ticket"
    )
    occurred_at: datetime = Field(description="when it began, by the clock of where it began")
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    version: int


class TicketView(TicketSummary):
    """A ticket with everything but its history."""

    description: str
    contact: Person | None
    contract: Named | None
    custom_fields: dict[str, Any]
    status_since: datetime
    time_in_status: dict[str, int] = Field(
        description="seconds by status; the present one runs (S2-03)"
    )
    time_to_resolution: int | None = Field(
        description="seconds from creation to the close date; null while it is open"
    )
    recipients: list[RecipientView]


class HistoryItem(ResponseModel):
    """One thing that happened: when it did, and when we wrote it down (S1-58).

    The `data` of a change names the `field` with its `old` and `new` value.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c31",
                    "kind": "audit",
                    "public": False,
                    "actor": "employee:0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c02",
                    "actor_name": "Mia Manager",
                    "channel": "employee",
                    "text": "Priority: Normal → High",
                    "data": {"field": "priority", "old": "normal", "new": "high"},
                    "occurred_at": "2026-11-20T08:00:00Z",
                    "recorded_at": "2026-11-20T08:00:00Z",
                }
            ]
        }
    )

    id: str
    kind: Kind
    public: bool
    actor: str = Field(
        description="who did it", examples=["employee:01890000-0000-7000-8000-000000000001"]
    )
    actor_name: str | None = Field(description="of people, API keys and mail addresses")
    channel: Channel
    text: str
    data: dict[str, Any]
    mail_id: str | None
    occurred_at: datetime
    recorded_at: datetime


class ExplainedDecision(ResponseModel):
    ticket_id: str = Field(description="this ticket, or one that was merged into it")
    number: str
    about: str = Field(description="what was decided on: an event's type or `ticket.created`")
    event_id: str | None
    actor: str
    at: datetime
    reasons: list[ExplainedReason]


class TicketExplanation(ResponseModel):
    """Why the ticket, with what was merged into it, is as it is; oldest decision first."""

    ticket_id: str
    number: str
    decisions: list[ExplainedDecision]
