"""Bodies of the tasks' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.moments import Moment
from ticket_svc.params import RecordId

Title = Annotated[str, Field(min_length=1, max_length=300, examples=["Order the disk"])]
Note = Annotated[str, Field(max_length=20_000)]

_NULLABLE = frozenset({"assignee_id", "due_at"})


class NewTicketTask(RequestModel):
    """Something that has to be done for a ticket (S2-11)."""

    title: Title
    note: Note = ""
    assignee_id: RecordId | None = None
    due_at: Moment | None = None


class NewTask(NewTicketTask):
    """It hangs on a ticket, or belongs to an account, or to nobody."""

    ticket_id: RecordId | None = None
    account_id: RecordId | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.ticket_id is not None and self.account_id is not None:
            raise ValueError("a task of a ticket has the ticket's account")
        return self


class TaskChange(RequestModel):
    """Fields that are left out stay as they are; null takes assignee and due date away."""

    title: Title | None = None
    note: Note | None = None
    assignee_id: RecordId | None = None
    due_at: Moment | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - _NULLABLE:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class TaskView(ResponseModel):
    id: str
    ticket_id: str | None
    account_id: str | None
    title: str
    note: str
    assignee_id: str | None
    due_at: datetime | None
    done_at: datetime | None
    done_by: str | None
    created_by: str
    version: int
    created_at: datetime
