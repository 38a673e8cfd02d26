"""Bodies of the relations between tickets, and of their merges."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.desk.statuses import StatusClass, StatusCode

RelationKind = Literal["related", "parent", "child", "original", "duplicate"]
TicketKey = Annotated[
    str, Field(min_length=1, max_length=64, description="id or number", examples=["1000-1002"])
]


class NewRelation(RequestModel):
    """`kind` is what the named ticket is to this one."""

    ticket: TicketKey
    kind: RelationKind = "related"


class TicketRef(ResponseModel):
    """A ticket as others name it."""

    id: str
    number: str
    subject: str
    status: StatusCode
    status_label: str
    status_class: StatusClass


class RelationView(ResponseModel):
    """`kind` is what the other ticket is to this one."""

    ticket: TicketRef
    kind: RelationKind
    created_at: datetime
    created_by: str


class MergeRequest(RequestModel):
    """The ticket into which this one goes."""

    into: TicketKey
    allow_other_account: bool = Field(
        default=False, description="also into a ticket of another account"
    )


class MergeCounts(ResponseModel):
    """How much of each there is to carry over."""

    history: int = 0
    relations: int = Field(
        default=0, description="tickets that are related to it, and not to the other ticket"
    )
    recipients: int = Field(default=0, description="those that the other ticket does not have")
    message_ids: int = Field(default=0, description="mails by which answers find the ticket")
    documents: int = 0
    tasks: int = 0
    appointments: int = 0
    charges: int = 0
    messages: int = 0


class MergeWarning(ResponseModel):
    code: Literal["other_account", "remote_twin_closes", "already_closed", "target_closed"]
    text: str


class MergePreview(ResponseModel):
    """What a merge would do. It changes nothing."""

    ticket: TicketRef
    into: TicketRef
    moves: MergeCounts
    warnings: list[MergeWarning]


class MergeView(ResponseModel):
    """One merge; `undone_at` where it was taken back."""

    id: str
    ticket_id: str | None = Field(description="null for those who may not see it")
    into_id: str | None = Field(description="null for those who may not see it")
    moved: MergeCounts
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str | None
