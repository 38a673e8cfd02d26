"""Bodies of the messages' API."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.params import RecordId

Role = Literal["ticket_manager", "account_manager"]
Text = Annotated[str, Field(min_length=1, max_length=20_000, examples=["Can you look at it?"])]


class MessageTo(RequestModel):
    """An employee, or whoever holds the role for the ticket now."""

    employee_id: RecordId | None = None
    role: Role | None = Field(default=None, examples=["ticket_manager"])

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.employee_id is None) == (self.role is None):
            raise ValueError("name either an employee or a role")
        return self


class NewTicketMessage(RequestModel):
    """What one employee tells others about a ticket; no customer sees it (S2-14)."""

    to: list[MessageTo] = Field(min_length=1, max_length=50)
    subject: str = Field(default="", max_length=300)
    text: Text


class NewMessage(NewTicketMessage):
    """About a ticket, or about nothing that we keep."""

    ticket_id: RecordId | None = None


class ReceiptView(ResponseModel):
    employee_id: str
    name: str
    read_at: datetime | None


class MessageView(ResponseModel):
    id: str
    ticket_id: str | None
    sender_id: str
    sender_name: str = Field(description="empty where we do not know them any more")
    subject: str
    text: str
    to: list[ReceiptView]
    unread: bool = Field(description="it is for the caller, who has not read it")
    created_at: datetime


class Unread(ResponseModel):
    count: int
