"""Values that several events share."""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, Field

from patchbay_contracts.base import Part
from patchbay_contracts.reasons import ReasonCode


class Reason(Part):
    """One step of a decision: the code, and what it was decided on (values only, never secrets)."""

    code: ReasonCode
    params: dict[str, Any] = Field(default_factory=dict)


class PersonRef(Part):
    """A person as mail sees them. `kind` says which record `id` points to."""

    id: str | None = None
    kind: str = Field(description="employee, contact, account or address")
    name: str = ""
    email: str


class RemoteRef(Part):
    """The remote twin of a ticket."""

    connection_id: str
    provider: str = Field(description="continuum, vsa9, ...")
    remote_ticket_id: str
    number: str | None = None
    url: str | None = None


class DeviceRef(Part):
    """What the RMM says about the device of a ticket (S1-59, S1-104, S1-116)."""

    remote_device_id: str | None = None
    name: str | None = None
    serial_number: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    attributes: dict[str, str] = Field(default_factory=dict)


class RemoteOrigin(StrEnum):
    """The three remote origins that must be told apart (S1-01)."""

    ALERT = "alert"
    SERVICE_TICKET = "service_ticket"
    NOC_MANUAL = "noc_manual"


class Channel(StrEnum):
    """How something reached the desk."""

    RMM = "rmm"
    EMAIL = "email"
    API = "api"
    WEB = "web"
    EMPLOYEE = "employee"


class SiteOrigin(Part):
    """Where an auto-created account comes from; the key is (connection, remote site id), C-01."""

    connection_id: str
    provider: str
    remote_site_id: str
    site_name: str


class MailRef(Part):
    """A stored original mail, by reference: big things never travel on the bus."""

    mail_id: str
    message_id: str
    received_at: AwareDatetime
