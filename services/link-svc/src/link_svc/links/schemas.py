"""Bodies of the links API."""

from datetime import datetime

from pydantic import Field

from link_svc.links.rules import MAX_REMOTE_ID, LinkAction, LinkCause, LinkKind
from patchbay_kit.http import RequestModel, ResponseModel


class NewSiteLink(RequestModel):
    """Which site belongs to which account."""

    connection_id: str = Field(min_length=1, max_length=64)
    remote_site_id: str = Field(min_length=1, max_length=MAX_REMOTE_ID)
    account_id: str = Field(min_length=1, max_length=64)


class NewDeviceLink(RequestModel):
    """Which device is which asset."""

    connection_id: str = Field(min_length=1, max_length=64)
    remote_device_id: str = Field(min_length=1, max_length=MAX_REMOTE_ID)
    asset_id: str = Field(min_length=1, max_length=64)


class _AnyLink(ResponseModel):
    id: str
    connection_id: str
    version: int
    changed_at: datetime
    changed_by: str


class SiteLink(_AnyLink):
    """A site and its account. `listed`: the remote system still has the site."""

    remote_site_id: str
    site_name: str
    listed: bool
    account_id: str
    account_name: str | None
    auto_created: bool


class DeviceLink(_AnyLink):
    """A device and its asset. `listed`: the remote system still has the device."""

    remote_device_id: str
    device_name: str
    remote_site_id: str | None
    listed: bool
    asset_id: str
    asset_name: str | None
    account_id: str | None


class TicketLink(_AnyLink):
    """A remote ticket and ours."""

    remote_ticket_id: str
    remote_number: str | None
    remote_site_id: str | None
    ticket_id: str


class UnlinkPreview(ResponseModel):
    """What removing a site link would take along (S1-99)."""

    link: SiteLink
    devices: int
    tickets: int


class Operation(ResponseModel):
    """A removal of a site link, with how many device and ticket links went along."""

    id: str
    link_id: str
    connection_id: str
    remote_site_id: str
    site_name: str
    account_id: str
    devices: int
    tickets: int
    at: datetime
    actor: str
    undone_at: datetime | None
    undone_by: str | None


class Undone(ResponseModel):
    """How many links came back; what was changed since the removal stayed as it was."""

    operation: Operation
    relinked: int


class ExplainedLink(ResponseModel):
    """A link as it stands; `target_id` is the last one where `linked` is false."""

    id: str
    kind: LinkKind
    connection_id: str
    remote_id: str
    remote_name: str
    target_id: str
    linked: bool
    auto_created: bool
    version: int


class Step(ResponseModel):
    """One change: `event_id` caused it, or `actor` did; `meaning` says `cause` in words."""

    version: int
    at: datetime
    action: LinkAction
    cause: LinkCause
    meaning: str
    target_id: str
    actor: str
    event_id: str | None
    operation_id: str | None


class LinkExplanation(ResponseModel):
    """Why a link is as it is, oldest step first."""

    link: ExplainedLink
    steps: list[Step]
