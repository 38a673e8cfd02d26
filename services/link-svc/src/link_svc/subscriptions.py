"""Everything that link-svc consumes."""

from link_svc.catalogue.handlers import on_catalogue_refreshed
from link_svc.desk.handlers import on_account_renamed, on_asset_created, on_asset_updated
from link_svc.links.handlers import (
    on_account_created,
    on_account_merged,
    on_remote_ticket_received,
    on_ticket_created,
)
from patchbay_contracts import (
    AccountCreated,
    AccountMerged,
    AccountRenamed,
    AccountUnmerged,
    AssetCreated,
    AssetUpdated,
    CatalogueRefreshed,
    RemoteTicketReceived,
    TicketCreated,
)
from patchbay_kit.messaging import Subscription, Subscriptions

SUBSCRIPTIONS = Subscriptions(
    "link-svc",
    (
        Subscription(CatalogueRefreshed, on_catalogue_refreshed, role="catalogue"),
        Subscription(AccountCreated, on_account_created, role="links"),
        Subscription(AccountRenamed, on_account_renamed, role="links"),
        Subscription(AccountMerged, on_account_merged, role="links"),
        Subscription(AccountUnmerged, on_account_merged, role="links"),
        Subscription(AssetCreated, on_asset_created, role="links"),
        Subscription(AssetUpdated, on_asset_updated, role="links"),
        Subscription(RemoteTicketReceived, on_remote_ticket_received, role="links"),
        Subscription(TicketCreated, on_ticket_created, role="links"),
    ),
)
