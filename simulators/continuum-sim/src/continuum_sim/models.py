"""Request bodies and queries. Strict: an unknown field is refused and recorded as a violation."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

AssigneeGroup = Literal["NOC Team", "partner", "Virtual Service Desk"]
Origin = Literal["alert", "service_ticket", "noc_manual"]
ReturnReason = Literal["Work completed", "Approval Required", "Info Needed"]
Kind = Literal["ticket_created", "ticket_closed", "ticket_returned", "note_added"]
Actor = Literal["psa", "console"]
Name = Annotated[str, Field(min_length=1, max_length=250)]


class Strict(BaseModel):
    """camelCase on the wire, nothing unknown accepted."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class Command(Strict):
    """Body of a write-back. An idempotency key makes a repeated command a no-op."""

    note: str | None = None
    external_ref: Name | None = None
    idempotency_key: Name | None = None


class AssignCommand(Command):
    """Hand the ticket to a group."""

    assignee_group: AssigneeGroup


class NoteCommand(Command):
    """Append a note."""

    note: Annotated[str, Field(min_length=1)]


class CreateCommand(Command):
    """Create a ticket from the PSA."""

    summary: Annotated[str, Field(min_length=1)]
    description: str = ""
    site_id: Name | None = None
    device_id: Name | None = None
    assignee_group: AssigneeGroup = "NOC Team"


class QueueQuery(Strict):
    """How many updates to lease."""

    max: Annotated[int, Field(ge=1, le=500)] = 50


class DeviceQuery(Strict):
    """Devices of one site, or of all."""

    site_id: str | None = None


class TicketQuery(Strict):
    """Search before retry."""

    external_ref: Name


class NoQuery(Strict):
    """For calls that take no query."""


class SiteSpec(Strict):
    """A site as the console knows it."""

    id: Name | None = None
    name: Name
    address: str = ""
    phone: str = ""
    domain: str = ""


class DeviceData(Strict):
    """What an agent reports about its device."""

    name: Name
    serial: str = ""
    manufacturer: str = ""
    model: str = ""
    os: str = ""
    ip: str = ""
    mac: str = ""
    type: str = ""


class DeviceSpec(DeviceData):
    """A device as the console knows it."""

    id: Name | None = None
    site_id: Name | None = None


class TicketSpec(Strict):
    """A ticket to raise. Site and device may be unknown to the lists, or absent."""

    ticket_id: Name | None = None
    origin: Origin = "alert"
    site_id: Name | None = None
    site_name: Name | None = None
    device_id: Name | None = None
    device_name: Name | None = None
    device: DeviceData | None = None
    assignee_group: AssigneeGroup = "partner"
    summary: Annotated[str, Field(min_length=1)]
    description: str = ""
    external_ref: Name | None = None
    occurred_at: AwareDatetime | None = None
