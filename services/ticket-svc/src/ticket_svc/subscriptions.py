"""Everything ticket-svc consumes: one row an event."""

from patchbay_contracts import (
    DeviceLinked,
    DeviceUnlinked,
    EmailBounced,
    EmailFailed,
    EmailReceived,
    EmailSent,
    RemoteCommandFailed,
    RemoteCommandSucceeded,
    RemoteTicketClosed,
    RemoteTicketNoteReceived,
    RemoteTicketReceived,
    RemoteTicketReturned,
    SiteLinked,
    SiteUnlinked,
)
from patchbay_kit.messaging import Subscription, Subscriptions
from ticket_svc.links.handlers import (
    on_device_linked,
    on_device_unlinked,
    on_site_linked,
    on_site_unlinked,
)
from ticket_svc.mail.handlers import (
    on_email_bounced,
    on_email_failed,
    on_email_received,
    on_email_sent,
)
from ticket_svc.remote.handlers import on_command_results, on_remote_echoes, on_remote_tickets

SUBSCRIPTIONS = Subscriptions(
    "ticket-svc",
    (
        Subscription(RemoteTicketReceived, on_remote_tickets, role="remote"),
        Subscription(RemoteTicketClosed, on_remote_echoes, role="remote"),
        Subscription(RemoteTicketReturned, on_remote_echoes, role="remote"),
        Subscription(RemoteTicketNoteReceived, on_remote_echoes, role="remote"),
        Subscription(RemoteCommandSucceeded, on_command_results, role="remote"),
        Subscription(RemoteCommandFailed, on_command_results, role="remote"),
        Subscription(SiteLinked, on_site_linked, role="links"),
        Subscription(SiteUnlinked, on_site_unlinked, role="links"),
        Subscription(DeviceLinked, on_device_linked, role="links"),
        Subscription(DeviceUnlinked, on_device_unlinked, role="links"),
        Subscription(EmailReceived, on_email_received, role="mail"),
        Subscription(EmailSent, on_email_sent, role="mail"),
        Subscription(EmailFailed, on_email_failed, role="mail"),
        Subscription(EmailBounced, on_email_bounced, role="mail"),
    ),
)
