"""A ticket with all its parts, as one answer for a ticket's page."""

from pydantic import Field

from patchbay_kit.http import Page, ResponseModel
from ticket_svc.appointments.schemas import AppointmentView
from ticket_svc.charges.schemas import ChargeTotals
from ticket_svc.contracts.schemas import ContractView
from ticket_svc.documents.schemas import DocumentView
from ticket_svc.messages.schemas import MessageView
from ticket_svc.tasks.schemas import TaskView
from ticket_svc.tickets.relation_schemas import MergeView, RelationView
from ticket_svc.tickets.schemas import HistoryItem, TicketView


class PageContact(ResponseModel):
    """The account's main contact."""

    id: str
    name: str
    email: str | None
    phone: str | None


class PageLocation(ResponseModel):
    """The account's main location."""

    id: str
    name: str
    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str | None
    phone: str | None


class PageAccount(ResponseModel):
    """The account with whom to call and where to go."""

    id: str
    name: str
    phone: str | None
    main_contact: PageContact | None
    main_location: PageLocation | None


class PageAsset(ResponseModel):
    id: str
    name: str
    kind: str
    serial_number: str | None
    manufacturer: str | None


class PageViewer(ResponseModel):
    """What the caller may do here, so that a page offers nothing that would be refused."""

    may_mark_read: bool = Field(description="as its manager, or in their place (S2-64)")
    may_change: bool = Field(description="not a ticket that was merged into another one")
    permissions: list[str] = Field(description="all that the caller holds; `*` is everything")


class TicketPage(ResponseModel):
    """Everything that stands on a ticket's page; its ETag is the ticket's version."""

    ticket: TicketView
    account: PageAccount
    asset: PageAsset | None
    contract: ContractView | None = Field(description="with its warnings (X-21)")
    history: Page[HistoryItem] = Field(
        description="the newest entries; the cursor goes on at .../history?order=newest"
    )
    tasks: list[TaskView] = Field(description="those that are still to be done")
    appointments: list[AppointmentView] = Field(description="those that are planned")
    charges: ChargeTotals
    documents: list[DocumentView]
    messages: list[MessageView]
    relations: list[RelationView]
    merges: list[MergeView]
    decisions: int = Field(description="how many there are at .../explain")
    viewer: PageViewer
