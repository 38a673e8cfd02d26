"""What ticket-svc is.

Each part is imported when a role asks for it: a process keeps what it has imported in memory.
"""

from patchbay_kit.lazy import called_at, found_at
from patchbay_kit.runtime import ServiceDefinition
from ticket_svc.settings import TicketSettings

SERVICE = ServiceDefinition(
    name="ticket-svc",
    package="ticket_svc",
    settings=TicketSettings,
    load_metadata=found_at("ticket_svc.metadata:metadata"),
    load_subscriptions=found_at("ticket_svc.subscriptions:SUBSCRIPTIONS"),
    prefixes=(
        "/.well-known/jwks.json",
        "/v1/account-merges",
        "/v1/accounts",
        "/v1/api-keys",
        "/v1/appointments",
        "/v1/assets",
        "/v1/auth",
        "/v1/charges",
        "/v1/contacts",
        "/v1/contracts",
        "/v1/custom-fields",
        "/v1/departments",
        "/v1/dispatcher",
        "/v1/documents",
        "/v1/employees",
        "/v1/exports",
        "/v1/imports",
        "/v1/live",
        "/v1/locations",
        "/v1/mail-decisions",
        "/v1/messages",
        "/v1/portal",
        "/v1/privilege-groups",
        "/v1/settings",
        "/v1/statuses",
        "/v1/tasks",
        "/v1/ticket-merges",
        "/v1/tickets",
        "/v1/views",
    ),
    create_app=called_at("ticket_svc.app:create_app"),
    loops=called_at("ticket_svc.loops:loops"),
    api_loops=called_at("ticket_svc.live.wiring:live_loops"),
    wire=called_at("ticket_svc.start:wire"),
    on_ready=called_at("ticket_svc.start:on_ready"),
)
