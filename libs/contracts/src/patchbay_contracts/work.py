"""Events of contracts and of the work on tickets, published by ticket-svc."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from patchbay_contracts.base import EventData, Part
from patchbay_contracts.refs import PersonRef


class ContractFacts(Part):
    """The contract as others need to see it."""

    contract_id: str
    account_id: str
    name: str
    kind: str = Field(description="block_hours, fixed or time_and_materials")
    starts_on: date | None = None
    ends_on: date | None = None
    block_minutes: int | None = None
    used_minutes: int = 0


class ContractCreated(
    ContractFacts, EventData, event="contract.created.v1", publisher="ticket-svc"
):
    """An account has another contract."""


class ContractUpdated(
    ContractFacts, EventData, event="contract.updated.v1", publisher="ticket-svc"
):
    """Fields of a contract changed, or it was closed or archived."""

    closed: bool
    archived: bool
    changed: list[str]


class ContractExhausted(
    ContractFacts, EventData, event="contract.exhausted.v1", publisher="ticket-svc"
):
    """A charge used the last of the block's hours (X-21). Once per crossing."""

    charge_id: str


class ChargeFacts(Part):
    """The charge as others need to see it. Money is in hundredths of the desk's currency."""

    charge_id: str
    ticket_id: str
    account_id: str
    contract_id: str | None = None
    employee_id: str | None = None
    kind: Literal["work", "expense", "part"]
    minutes: int | None = None
    amount: int
    billable: bool


class ChargeAdded(ChargeFacts, EventData, event="charge.added.v1", publisher="ticket-svc"):
    """A ticket has another charge (S2-13)."""


class ChargeUpdated(ChargeFacts, EventData, event="charge.updated.v1", publisher="ticket-svc"):
    """Fields of a charge changed."""

    changed: list[str]


class ChargeRemoved(ChargeFacts, EventData, event="charge.removed.v1", publisher="ticket-svc"):
    """A charge was taken back; the ticket's history keeps it."""


class TaskFacts(Part):
    """The task as others need to see it."""

    task_id: str
    ticket_id: str | None = None
    account_id: str | None = None
    title: str
    assignee_id: str | None = None
    due_at: AwareDatetime | None = None


class TaskCreated(TaskFacts, EventData, event="task.created.v1", publisher="ticket-svc"):
    """Something has to be done."""


class TaskUpdated(TaskFacts, EventData, event="task.updated.v1", publisher="ticket-svc"):
    """Fields of a task changed, or it was opened again."""

    changed: list[str]


class TaskCompleted(TaskFacts, EventData, event="task.completed.v1", publisher="ticket-svc"):
    """It is done (S2-71)."""

    done_at: AwareDatetime


class AppointmentFacts(Part):
    """The appointment as others need to see it."""

    appointment_id: str
    ticket_id: str | None = None
    account_id: str | None = None
    technician: PersonRef
    subject: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class AppointmentCreated(
    AppointmentFacts, EventData, event="appointment.created.v1", publisher="ticket-svc"
):
    """A technician has an appointment. That of a dispatch comes as TicketDispatched as well."""


class AppointmentUpdated(
    AppointmentFacts, EventData, event="appointment.updated.v1", publisher="ticket-svc"
):
    """It was moved or changed."""

    changed: list[str]


class AppointmentCompleted(
    AppointmentFacts, EventData, event="appointment.completed.v1", publisher="ticket-svc"
):
    """It took place (S2-71)."""

    done_at: AwareDatetime


class AppointmentCanceled(
    AppointmentFacts, EventData, event="appointment.canceled.v1", publisher="ticket-svc"
):
    """It will not take place."""


class MessageSent(EventData, event="message.sent.v1", publisher="ticket-svc"):
    """An employee wrote to others (S2-14). The text stays with us."""

    message_id: str
    ticket_id: str | None = None
    sender_id: str
    recipient_ids: list[str]


class DocumentAdded(EventData, event="document.added.v1", publisher="ticket-svc"):
    """A file was put on a ticket or an account (S2-16). The file stays with us."""

    document_id: str
    ticket_id: str | None = None
    account_id: str
    name: str
    media_type: str
    size: int = Field(description="bytes")
    public: bool


class DocumentUpdated(EventData, event="document.updated.v1", publisher="ticket-svc"):
    """A file got another name, is shown to others, or was archived or restored."""

    document_id: str
    ticket_id: str | None = None
    account_id: str
    name: str
    public: bool
    archived: bool
    changed: list[str]
