"""What a list of tickets can be asked for, and the bodies of counts and saved views."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from patchbay_kit.http.pagination import DEFAULT_LIMIT, MAX_LIMIT
from ticket_svc.desk.statuses import Status
from ticket_svc.moments import Moment
from ticket_svc.params import RecordId
from ticket_svc.tickets.schemas import Priority

ME = "me"
MAX_MANAGERS = 20

View = Literal["inbox", "dispatcher", "all", "open", "closed"]
Sort = Literal["newest", "relevance", "inbox_since", "due_at", "updated_at"]
Text = Annotated[str, Field(max_length=200)]


def _manager(text: str) -> str:
    if text == ME:
        return text
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("this is neither `me` nor an id of ours") from None


ManagerId = Annotated[str, AfterValidator(_manager)]


class TicketFilter(RequestModel):
    """What a list is narrowed to; all of it must hold. What is left out is any."""

    view: View = Field(default="all", description="inbox and dispatcher hold any status (S2-19)")
    status: Status | None = Field(default=None, description="narrows any view (S2-25, S2-26)")
    manager_id: list[ManagerId] = Field(
        default_factory=list,
        max_length=MAX_MANAGERS,
        description="one or several; `me` is the caller; none means all (S2-29)",
        examples=[[ME]],
    )
    account_id: RecordId | None = None
    asset_id: RecordId | None = None
    contact_id: RecordId | None = None
    contract_id: RecordId | None = None
    priority: Priority | None = None
    type: Annotated[str, Field(max_length=100)] | None = None
    unread: bool | None = Field(default=None, description="the envelope (S2-58)")
    number: Text | None = Field(default=None, examples=["1000-1000"])
    connection_id: Text | None = None
    remote_ticket_id: Text | None = None
    due_after: Moment | None = Field(default=None, description="due at this time or later")
    due_before: Moment | None = Field(default=None, description="due before this time")
    created_since: Moment | None = None
    updated_since: Moment | None = None
    merged: bool = Field(default=False, description="with tickets merged into others")
    q: Text | None = Field(
        default=None,
        description=(
            "words of number, subject, description, notes, mails, account or asset, all of them"
            " somewhere in the ticket; the last one may be the beginning of a word, from three"
            " letters on; a phrase in double quotes"
        ),
        examples=['printer "paper jam"'],
    )
    sort: Sort | None = Field(
        default=None,
        description=(
            "default: newest first, with `q` most relevant first; inbox_since (of the Inbox) and"
            " updated_at latest first, due_at soonest first and only what is due"
        ),
    )

    @field_validator("sort")
    @classmethod
    def _sortable(cls, sort: Sort | None, info: ValidationInfo) -> Sort | None:
        wrong = unsortable(info.data.get("view", "all"), info.data.get("q"), sort)
        if wrong is not None:
            raise ValueError(wrong)
        return sort


def unsortable(view: str, q: str | None, sort: Sort | None) -> str | None:
    """Why a list cannot be sorted like that; None where it can."""
    if sort == "inbox_since" and view != "inbox":
        return "only the view inbox can be sorted by inbox_since"
    if sort == "relevance" and not q:
        return "only a search can be sorted by relevance"
    if q and sort not in (None, "relevance", "newest"):
        return "a search is sorted by relevance or newest"
    return None


class ListQuery(TicketFilter):
    """The query parameters of the list. Whether it can be sorted like that is known only with the
    saved view.
    """

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    saved_view: RecordId | None = Field(
        default=None, description="a saved view's filter; other parameters go before it"
    )

    @field_validator("sort")
    @classmethod
    def _sortable(cls, sort: Sort | None, info: ValidationInfo) -> Sort | None:
        return sort


class CountsQuery(RequestModel):
    """The query parameters of the counts."""

    manager_id: list[ManagerId] = Field(default_factory=list, max_length=MAX_MANAGERS)


class Counts(ResponseModel):
    """The numbers of the navigation pane. Merged tickets are not in them."""

    inbox: int = Field(examples=[12])
    dispatcher: int = Field(examples=[3])
    all: int = Field(examples=[1040])
    open: int = Field(examples=[140])
    closed: int = Field(examples=[900])
    by_status: dict[Status, int] = Field(examples=[{"new": 40, "completed": 880}])
    unread: int = Field(description="unread among those that the caller manages", examples=[2])


class NewSavedView(RequestModel):
    name: str = Field(min_length=1, max_length=200, examples=["Overdue at ACME"])
    shared: bool = Field(default=False, description="for every employee to use")
    filter: TicketFilter = Field(default_factory=TicketFilter)


class SavedViewChange(RequestModel):
    """Fields that are left out stay as they are."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    shared: bool | None = None
    filter: TicketFilter | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class SavedViewBody(ResponseModel):
    """A named filter. A shared one is everybody's to use, its owner's to change."""

    id: str
    owner_id: str
    name: str
    shared: bool
    filter: dict[str, Any] = Field(examples=[{"view": "open", "manager_id": [ME]}])
    version: int
    created_at: datetime
