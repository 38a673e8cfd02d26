"""Bodies of the portal's API: what customers see. Nothing of the desk's own is among it."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.desk.statuses import StatusCode
from ticket_svc.tickets.records import Kind
from ticket_svc.tickets.schemas import LongText, Priority, Subject

# Who wrote something. Employees are not named to customers.
Author = Literal["support", "customer", "system"]


class PortalTicketSummary(ResponseModel):
    """A ticket of the customer's account in a list. Times are UTC."""

    id: str
    number: str = Field(examples=["1000-0001"])
    subject: str
    status: StatusCode = Field(examples=["in_progress"])
    status_class: Literal["open", "closed"]
    priority: Priority
    contact_name: str | None = Field(description="whom of the account it is about")
    own: bool = Field(description="it is about the caller, who may change it")
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    version: int


class PortalTicket(PortalTicketSummary):
    description: str
    may_change: list[str] = Field(description="fields that the caller may change now")
    may_close: bool
    continued_in: str | None = Field(
        description="number of the ticket in which this one goes on", examples=["1000-1002"]
    )


class NewPortalTicket(RequestModel):
    subject: Subject = Field(examples=["The printer does not print"])
    description: LongText = ""
    priority: Priority = "normal"


class PortalChange(RequestModel):
    """Fields that are left out stay as they are."""

    description: LongText | None = None
    priority: Priority | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self

    def changes(self) -> dict[str, Any]:
        """What was sent."""
        return self.model_dump(exclude_unset=True)


class NewPortalNote(RequestModel):
    text: LongText = Field(min_length=1, examples=["It prints again, but only in black."])


class PortalEntry(ResponseModel):
    """A public entry of a ticket's history."""

    id: str
    kind: Kind = Field(examples=["note", "email", "document"])
    by: Author
    name: str | None = Field(description="of the customer's person who wrote it")
    text: str
    occurred_at: datetime


class PortalDocument(ResponseModel):
    """A public file of a ticket; its content is at `.../documents/{id}/content`."""

    id: str
    name: str
    media_type: str
    size: int = Field(description="bytes")
    by: Author
    created_at: datetime
