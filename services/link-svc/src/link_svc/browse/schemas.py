"""Bodies of the catalogue API."""

from datetime import datetime

from link_svc.catalogue.rules import CatalogueKind
from patchbay_kit.http import ResponseModel


class SiteLinkRef(ResponseModel):
    """The account that a site is linked to."""

    id: str
    account_id: str
    account_name: str | None
    auto_created: bool


class DeviceLinkRef(ResponseModel):
    """The asset that a device is linked to."""

    id: str
    asset_id: str
    asset_name: str | None


class Site(ResponseModel):
    """A remote site. `gone`: the newest complete snapshot does not have it."""

    connection_id: str
    provider: str
    remote_site_id: str
    name: str
    attributes: dict[str, str]
    gone: bool
    seen_at: datetime
    link: SiteLinkRef | None


class Device(ResponseModel):
    """A remote device. `gone`: the newest complete snapshot does not have it."""

    connection_id: str
    provider: str
    remote_device_id: str
    remote_site_id: str | None
    site_name: str | None
    name: str
    serial_number: str | None
    manufacturer: str | None
    model: str | None
    attributes: dict[str, str]
    gone: bool
    seen_at: datetime
    link: DeviceLinkRef | None


class Freshness(ResponseModel):
    """When an inventory was last seen complete; null until the first time (S1-86)."""

    connection_id: str
    provider: str
    kind: CatalogueKind
    complete_at: datetime | None
