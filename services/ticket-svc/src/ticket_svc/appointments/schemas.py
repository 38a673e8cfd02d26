"""Bodies of the appointments' and the dispatcher's API."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.desk.statuses import Priority, StatusCode
from ticket_svc.moments import Moment
from ticket_svc.params import RecordId

State = Literal["planned", "done", "canceled"]
Subject = Annotated[str, Field(min_length=1, max_length=300, examples=["Replace the disk"])]
Note = Annotated[str, Field(max_length=20_000)]
Starts = Annotated[Moment, Field(examples=["2026-11-23T08:00:00Z"])]
Ends = Annotated[
    Moment,
    Field(description="after the start, 31 days at most", examples=["2026-11-23T10:00:00Z"]),
]


class NewTicketAppointment(RequestModel):
    """A technician's time slot for a ticket (S2-12)."""

    employee_id: RecordId
    starts_at: Starts
    ends_at: Ends
    subject: Subject | None = Field(default=None, description="default: the ticket's")
    note: Note = ""


class NewAppointment(NewTicketAppointment):
    """It is for a ticket, for an account, or for neither; then it needs a subject."""

    ticket_id: RecordId | None = None
    account_id: RecordId | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.ticket_id is not None and self.account_id is not None:
            raise ValueError("an appointment of a ticket has the ticket's account")
        if self.ticket_id is None and self.subject is None:
            raise ValueError("an appointment without a ticket needs a subject")
        return self


class AppointmentChange(RequestModel):
    """Fields that are left out stay as they are."""

    employee_id: RecordId | None = None
    starts_at: Starts | None = None
    ends_at: Ends | None = None
    subject: Subject | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class AppointmentView(ResponseModel):
    id: str
    ticket_id: str | None
    account_id: str | None
    employee_id: str
    subject: str
    note: str
    starts_at: datetime
    ends_at: datetime
    state: State
    done_at: datetime | None
    created_by: str
    version: int
    created_at: datetime


class SlotView(ResponseModel):
    """A technician's slot. Of a ticket that the caller does not see it says only that it is
    taken: no ticket and no subject.
    """

    appointment_id: str
    employee_id: str
    starts_at: datetime
    ends_at: datetime
    state: State
    ticket_id: str | None
    subject: str | None


class AppointmentSaved(AppointmentView):
    """With the technician's other planned appointments at the same time."""

    conflicts: list[SlotView]


class NewDispatch(RequestModel):
    """The technicians who go, all in one slot."""

    technicians: list[RecordId] = Field(min_length=1, max_length=20)
    starts_at: Starts
    ends_at: Ends
    note: Note = ""


class Dispatched(ResponseModel):
    """What the dispatch made of the ticket; `version` is the ticket's."""

    ticket_id: str
    number: str
    status: StatusCode
    awaits_dispatch: bool
    version: int
    appointments: list[AppointmentView]
    conflicts: list[SlotView]


class TechnicianSlots(ResponseModel):
    employee_id: str
    name: str
    slots: list[SlotView]


class WaitingTicket(ResponseModel):
    """A ticket that waits for being dispatched."""

    id: str
    number: str
    subject: str
    status: StatusCode
    priority: Priority
    account_id: str
    account_name: str
    manager_id: str | None
    due_at: datetime | None
    created_at: datetime
    version: int


class Board(ResponseModel):
    """The dispatcher's board: who is where, and what waits (S2-33)."""

    technicians: list[TechnicianSlots]
    more_slots: bool = Field(description="there are more in this window: choose a shorter one")
    waiting: list[WaitingTicket] = Field(description="newest first")
    more_waiting: bool = Field(
        description="GET /v1/tickets?view=dispatcher pages through all of them"
    )
