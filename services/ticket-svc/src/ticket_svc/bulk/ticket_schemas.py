"""Bodies of bulk actions on tickets: each action is the body of its single call and its kind."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from patchbay_kit.http import RequestModel
from ticket_svc.bulk.schemas import MAX_ITEMS, BulkRequest, ItemResult, Key
from ticket_svc.params import RecordId
from ticket_svc.tickets.recipient_schemas import NewRecipientRequest
from ticket_svc.tickets.schemas import NewNote, NewStatus, TicketChange


class Change(RequestModel):
    """Change fields, as PATCH does."""

    kind: Literal["change"]
    fields: TicketChange


class Assign(RequestModel):
    """Give the tickets to an employee, or to nobody with null."""

    kind: Literal["assign"]
    manager_id: RecordId | None = Field(examples=["0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c02"])


class SetStatus(NewStatus):
    """Drag the tickets to a status, and out of the Inbox where that is wanted (S2-52)."""

    kind: Literal["status"]


class Simple(RequestModel):
    """What needs nothing but its name."""

    kind: Literal[
        "complete",
        "cancel",
        "reopen",
        "move_to_inbox",
        "remove_from_inbox",
        "mark_read",
        "mark_unread",
        "subscribe",
        "unsubscribe",
    ]


class Dispatch(RequestModel):
    """Put the tickets before the dispatcher, or take them away (S2-31)."""

    kind: Literal["dispatch"]
    awaits_dispatch: bool


class Note(NewNote):
    """Write the same note on each ticket."""

    kind: Literal["note"]


class AddRecipient(NewRecipientRequest):
    """Add a recipient to each ticket."""

    kind: Literal["add_recipient"]


TicketAction = Annotated[
    Change | Assign | SetStatus | Simple | Dispatch | Note | AddRecipient,
    Field(
        discriminator="kind",
        json_schema_extra={"examples": [{"kind": "status", "status": "waiting"}]},
    ),
]


class TicketResult(ItemResult):
    """What became of one ticket."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ticket": "1000-1002", "status": 200, "version": 4}]}
    )

    ticket: str = Field(description="as the request names it")


class TicketBulk(BulkRequest[TicketResult]):
    """One action on many tickets, 200 at most."""

    tickets: list[Key] = Field(
        min_length=1,
        max_length=MAX_ITEMS,
        description="ids or numbers",
        examples=[["1000-1002", "1000-1003"]],
    )
    action: TicketAction

    def named(self) -> list[str]:
        return self.tickets

    def result(self, key: str, **members: Any) -> TicketResult:
        return TicketResult(ticket=key, **members)
