"""Events of accounts and assets, published by ticket-svc."""

from patchbay_contracts.base import EventData
from patchbay_contracts.refs import SiteOrigin


class AccountCreated(EventData, event="account.created.v1", publisher="ticket-svc"):
    """An account exists now.

    `origin` is set when it was auto-created for an unknown remote site (S1-110); link-svc then
    makes the link.
    """

    account_id: str
    name: str
    auto_created: bool = False
    origin: SiteOrigin | None = None


class AccountRenamed(EventData, event="account.renamed.v1", publisher="ticket-svc"):
    """An account got another name; an auto-created one becomes a real one by it (S1-114)."""

    account_id: str
    name: str
    auto_created: bool


class AssetCreated(EventData, event="asset.created.v1", publisher="ticket-svc"):
    """An asset exists now, so that a remote device can be linked to it."""

    asset_id: str
    account_id: str
    name: str
    serial_number: str | None = None
    manufacturer: str | None = None
