"""Everything rmm-gateway consumes."""

from patchbay_contracts import TicketClosed, TicketReopened
from patchbay_kit.messaging import Subscription, Subscriptions, each
from rmm_gateway.outbound.handlers import on_ticket_closed, on_ticket_reopened

SUBSCRIPTIONS = Subscriptions(
    "rmm-gateway",
    (
        Subscription(TicketClosed, on_ticket_closed, "outbound"),
        Subscription(TicketReopened, each(on_ticket_reopened), "outbound"),
    ),
)
