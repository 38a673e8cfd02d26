"""Everything that notifier consumes."""

from notifier.alerts.handlers import (
    on_email_failed,
    on_email_sent,
    on_remote_command_failed,
    on_ticket_created,
)
from notifier.desk.handlers import on_asset_created, on_ticket_updated
from patchbay_contracts import (
    AssetCreated,
    EmailFailed,
    EmailSent,
    RemoteCommandFailed,
    TicketCreated,
    TicketUpdated,
)
from patchbay_kit.messaging import Subscription, Subscriptions

SUBSCRIPTIONS = Subscriptions(
    "notifier",
    (
        Subscription(TicketCreated, on_ticket_created, role="alerts"),
        Subscription(TicketUpdated, on_ticket_updated, role="alerts"),
        Subscription(AssetCreated, on_asset_created, role="alerts"),
        Subscription(RemoteCommandFailed, on_remote_command_failed, role="alerts"),
        Subscription(EmailSent, on_email_sent, role="deliveries"),
        Subscription(EmailFailed, on_email_failed, role="deliveries"),
    ),
)
