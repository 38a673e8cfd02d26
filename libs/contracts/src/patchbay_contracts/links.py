"""Events of the links between remote records and ours, published by link-svc."""

from pydantic import Field

from patchbay_contracts.base import EventData


class SiteLinked(EventData, event="site.linked.v1", publisher="link-svc"):
    """A remote site belongs to an account now; many sites may share one account (S1-87).

    The subject is `<connection id>/<remote site id>`, so versions order link and unlink.
    """

    connection_id: str
    remote_site_id: str
    site_name: str
    account_id: str
    auto_created: bool = False


class SiteUnlinked(EventData, event="site.unlinked.v1", publisher="link-svc"):
    """A remote site belongs to no account any more. The subject is as for SiteLinked."""

    connection_id: str
    remote_site_id: str
    account_id: str


class DeviceLinked(EventData, event="device.linked.v1", publisher="link-svc"):
    """A remote device is this asset now: one device to one asset per connection (S1-108).

    The subject is `<connection id>/<remote device id>`.
    """

    connection_id: str
    remote_device_id: str
    device_name: str
    asset_id: str


class DeviceUnlinked(EventData, event="device.unlinked.v1", publisher="link-svc"):
    """A remote device is no asset any more. The subject is as for DeviceLinked."""

    connection_id: str
    remote_device_id: str
    asset_id: str
    because_of_site: str | None = Field(
        default=None, description="remote site id whose unlinking took this link along (S1-99)"
    )


class TicketLinked(EventData, event="ticket.linked.v1", publisher="link-svc"):
    """A remote ticket and ours are recorded as twins."""

    connection_id: str
    remote_ticket_id: str
    ticket_id: str


class TicketUnlinked(EventData, event="ticket.unlinked.v1", publisher="link-svc"):
    """A remote ticket and ours are twins no more; ours stays as it is (S1-99)."""

    connection_id: str
    remote_ticket_id: str
    ticket_id: str
    because_of_site: str | None = None
