"""Events of the remote systems, published by rmm-gateway."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from patchbay_contracts.base import EventData, Part
from patchbay_contracts.refs import DeviceRef, Reason, RemoteOrigin, RemoteRef


class RemoteTicketReceived(EventData, event="remote_ticket.received.v1", publisher="rmm-gateway"):
    """A remote ticket for which a ticket must exist; it may come more than once.

    The subject is `<connection id>/<remote ticket id>`.
    """

    remote: RemoteRef
    origin: RemoteOrigin
    remote_site_id: str | None = None
    site_name: str | None = None
    device: DeviceRef | None = None
    summary: str
    description: str = ""
    priority: str = "normal"
    assignee_group: str | None = None
    occurred_at: AwareDatetime
    reasons: list[Reason] = Field(default_factory=list)


class RemoteTicketClosed(EventData, event="remote_ticket.closed.v1", publisher="rmm-gateway"):
    """A remote ticket was closed by somebody there.

    It makes a history note and an Inbox entry, never a status change (S1-11, S1-51).
    """

    remote: RemoteRef
    occurred_at: AwareDatetime
    note: str | None = None


class ReturnReason(StrEnum):
    """Why a remote team hands a ticket back, in the words of the vendor (S1-73, S1-74)."""

    WORK_COMPLETED = "Work completed"
    APPROVAL_REQUIRED = "Approval Required"
    INFO_NEEDED = "Info Needed"


class RemoteTicketReturned(EventData, event="remote_ticket.returned.v1", publisher="rmm-gateway"):
    """The remote team handed the ticket back (S1-72)."""

    remote: RemoteRef
    reason: ReturnReason
    occurred_at: AwareDatetime
    note: str | None = None


class RemoteTicketNoteReceived(
    EventData, event="remote_ticket.note_received.v1", publisher="rmm-gateway"
):
    """A note was written at the remote ticket; it is appended to the history (S1-78)."""

    remote: RemoteRef
    note: str
    occurred_at: AwareDatetime


CommandKind = Literal["close", "create", "assign", "note"]


class RemoteCommandSucceeded(
    EventData, event="remote_command.succeeded.v1", publisher="rmm-gateway"
):
    """The remote system did what was asked, or had done it already (`already_done`)."""

    command_id: str
    kind: CommandKind
    ticket_id: str
    remote: RemoteRef
    already_done: bool = False
    attempts: int
    reasons: list[Reason] = Field(default_factory=list)


class RemoteCommandFailed(EventData, event="remote_command.failed.v1", publisher="rmm-gateway"):
    """A remote command was refused for good, or is out of attempts; a person has to act."""

    command_id: str
    kind: CommandKind
    ticket_id: str
    remote: RemoteRef
    error: str
    attempts: int
    reasons: list[Reason] = Field(default_factory=list)


class CatalogueSite(Part):
    """A site as the remote system lists it."""

    remote_site_id: str
    name: str
    attributes: dict[str, str] = Field(default_factory=dict)


class CatalogueDevice(Part):
    """A device as the remote system lists it."""

    remote_device_id: str
    remote_site_id: str | None = None
    name: str
    serial_number: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    attributes: dict[str, str] = Field(default_factory=dict)


class CatalogueRefreshed(EventData, event="catalogue.refreshed.v1", publisher="rmm-gateway"):
    """One part (at most 500 records) of a complete snapshot of a remote system's inventory.

    Records missing from all parts of a snapshot are gone at the remote. The subject is
    `<connection id>/<kind>`; the version is the snapshot's number.
    """

    connection_id: str
    provider: str
    kind: Literal["sites", "devices"]
    snapshot: int
    part: int
    parts: int
    taken_at: AwareDatetime
    sites: list[CatalogueSite] = Field(default_factory=list)
    devices: list[CatalogueDevice] = Field(default_factory=list)


class ConnectionState(StrEnum):
    """How a connection stands; `activating` lasts up to 24 h and is no error (S1-15, S1-20)."""

    NOT_CONFIGURED = "not_configured"
    ACTIVATING = "activating"
    REACHABLE = "reachable"
    DEGRADED = "degraded"
    REFUSED = "refused"


class ConnectionStateChanged(
    EventData, event="connection.state_changed.v1", publisher="rmm-gateway"
):
    """A connection got another state, or one of its two switches was moved (S1-23, S1-33)."""

    connection_id: str
    name: str
    provider: str
    state: ConnectionState
    inventory_sync: bool
    ticket_processing: bool
    detail: str | None = None
