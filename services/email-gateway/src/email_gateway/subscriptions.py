"""Everything email-gateway consumes: one row an event."""

from email_gateway.intake.handlers import on_email_decided
from email_gateway.outbound.handlers import on_send_alert, on_send_email
from patchbay_contracts import EmailDecided, SendAlertEmail, SendEmail
from patchbay_kit.messaging import Subscription, Subscriptions

SUBSCRIPTIONS = Subscriptions(
    "email-gateway",
    (
        Subscription(SendEmail, on_send_email, role="outbound"),
        Subscription(SendAlertEmail, on_send_alert, role="outbound"),
        Subscription(EmailDecided, on_email_decided, role="ledger"),
    ),
)
