"""Which permissions there are, and who may give them. Pure."""

from collections.abc import Iterable

EVERYTHING = "*"
# Letters of a password.
MIN_PASSWORD = 12
# One name for each thing that some service asks for; `desk` is what every employee needs.
PERMISSIONS = frozenset(
    {
        "api_keys.admin",
        "connections.admin",
        "contracts.admin",
        "desk",
        "employees.admin",
        "links.write",
        "mailboxes.admin",
        "operations",
        "records.admin",
        "settings.admin",
        "tickets.all",
        "tickets.mark_read",
        EVERYTHING,
    }
)


def unknown_permissions(wanted: Iterable[str]) -> list[str]:
    """Those that no service asks for, in order."""
    return sorted(set(wanted) - PERMISSIONS)


def beyond(held: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """The permissions among `wanted` that somebody who holds `held` may not give or touch."""
    own = set(held)
    return [] if EVERYTHING in own else sorted(set(wanted) - own)
