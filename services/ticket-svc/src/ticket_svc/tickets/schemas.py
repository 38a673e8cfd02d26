"""Bodies of the tickets' API."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.explaining import ExplainedReason
from ticket_svc.params import Address, RecordId
from ticket_svc.tickets.statuses import Status

Priority = Literal["low", "normal", "high", "critical"]
Place = Literal["to", "cc", "bcc"]
Role = Literal["ticket_manager", "account_manager"]
Subject = Annotated[str, Field(min_length=1, max_length=500)]
LongText = Annotated[str, Field(max_length=100_000)]


class ExternalRecipient(RequestModel):
    """A customer's address; it need not belong to anybody whom we know (S2-118)."""

    email: Address
    name: str = Field(default="", max_length=200)
    contact_id: RecordId | None = None
    place: Place = "to"


class EmployeeRecipient(RequestModel):
    """An employee, or whoever holds a role when mail is sent (S2-126)."""

    employee_id: RecordId | None = None
    role: Role | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.employee_id is None) == (self.role is None):
            raise ValueError("name either an employee or a role")
        return self


class Recipients(RequestModel):
    """Both lists; writing replaces them."""

    external: list[ExternalRecipient] = Field(default_factory=list, max_length=200)
    employees: list[EmployeeRecipient] = Field(default_factory=list, max_length=200)


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
    priority: Priority = "normal"
    recipients: list[ExternalRecipient] | None = Field(
        default=None, max_length=200, description="instead of the main contact (S2-133)"
    )


class TicketChange(RequestModel):
    """Fields that are left out stay as they are; null empties those that may be empty."""

    subject: Subject | None = None
    description: LongText | None = None
    status: Status | None = None
    priority: Priority | None = None
    manager_id: RecordId | None = None
    asset_id: RecordId | None = None
    contact_id: RecordId | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in ("subject", "description", "status", "priority"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class NewNote(RequestModel):
    text: LongText = Field(min_length=1)
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
    origin: str | None = Field(description="alert, service_ticket or noc_manual (S1-01)")
    closed_at: datetime | None = Field(description="when it was closed there, by somebody there")


class RecipientView(ResponseModel):
    """One row of a recipient list; `email` of an employee is who would get mail now."""

    list_name: Literal["external", "employee"]
    place: Place
    role: str | None
    employee_id: str | None
    contact_id: str | None
    name: str
    email: str | None


class TicketSummary(ResponseModel):
    """A ticket in a list. Times are UTC."""

    id: str
    number: str
    subject: str
    status: str
    status_class: Literal["open", "closed"]
    priority: str
    channel: str
    account: Named
    manager: Person | None
    asset: Named | None
    remote: RemoteTwin | None
    in_inbox: bool
    inbox_since: datetime | None
    inbox_awaiting: str | None = Field(
        description="what the remote team that handed it back waits for"
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
    recipients: list[RecipientView]


class HistoryItem(ResponseModel):
    """One thing that happened: when it did, and when we wrote it down (S1-58)."""

    id: str
    kind: str
    public: bool
    actor: str
    channel: str
    text: str
    data: dict[str, Any]
    mail_id: str | None
    occurred_at: datetime
    recorded_at: datetime


class ExplainedDecision(ResponseModel):
    about: str = Field(description="what was decided on: an event's type or `ticket.created`")
    event_id: str | None
    actor: str
    at: datetime
    reasons: list[ExplainedReason]


class TicketExplanation(ResponseModel):
    """Why the ticket is as it is, oldest decision first."""

    ticket_id: str
    number: str
    decisions: list[ExplainedDecision]


class RecipientLists(ResponseModel):
    external: list[RecipientView]
    employees: list[RecipientView]
