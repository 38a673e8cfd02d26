"""A filter as conditions of SQL; the ticket is `t`."""

from collections.abc import Collection
from datetime import datetime, timedelta

from ticket_svc.views.paths import CLASSES
from ticket_svc.views.schemas import TicketFilter
from ticket_svc.views.scope import Scope
from ticket_svc.views.sql import Parameters

# Ids are in the order of creation, but the time in an id is the clock's a little later or earlier.
_SLACK = timedelta(minutes=10)
# Filters that need nothing but equality.
_SAME = (
    "asset_id",
    "contact_id",
    "contract_id",
    "priority",
    "type",
    "number",
    "connection_id",
    "remote_ticket_id",
)
# Filters that bound a time, and how.
TIMES = {
    "due_after": "t.due_at >=",
    "due_before": "t.due_at <",
    "created_since": "t.created_at >=",
    "updated_since": "t.updated_at >=",
}


def conditions(
    scope: Scope, parameters: Parameters, leading: Collection[str] = (), known: Collection[str] = ()
) -> list[str]:
    """Everything that the leading columns of a path and what is `known` of it do not say."""
    wanted, add = scope.filter, parameters.add
    found = [flag for flag in flags(wanted) if flag not in known]
    for name in _SAME:
        value = getattr(wanted, name)
        if value is not None and name not in leading:
            found.append(f"t.{name} = {add(value)}")
    if scope.managers is not None and "manager_id" not in leading:
        found.append(parameters.any_of("t.manager_id", scope.managers, "uuid"))
    if scope.accounts is not None and "account_id" not in leading:
        found.append(parameters.any_of("t.account_id", scope.accounts, "uuid"))
    if wanted.status is not None and "status" not in leading:
        found.append(f"t.status = {add(str(wanted.status))}")
    elif wanted.view in CLASSES and "status_class" not in leading and wanted.status is None:
        found.append(f"t.status_class = {add(wanted.view)}")
    for name, comparison in TIMES.items():
        value = getattr(wanted, name)
        if value is not None:
            found.append(f"{comparison} {add(value)}")
    return found


def flags(wanted: TicketFilter) -> list[str]:
    """Conditions without values."""
    found = [] if wanted.merged else ["t.merged_into_id IS NULL"]
    if wanted.view == "inbox":
        found.append("t.in_inbox")
    elif wanted.view == "dispatcher":
        found.append("t.awaits_dispatch")
    if wanted.unread is not None:
        found.append("t.unread" if wanted.unread else "NOT t.unread")
    if wanted.sort == "due_at":
        found.append("t.due_at IS NOT NULL")
    elif wanted.sort == "inbox_since":
        found.append("t.inbox_since IS NOT NULL")
    return found


def hints(wanted: TicketFilter, parameters: Parameters) -> list[str]:
    """What follows from the conditions, in the words of PostgreSQL's indexes."""
    found = partial_hints(wanted)
    if wanted.status is None and wanted.view not in CLASSES:
        found.append("t.status_class = ANY('{open,closed}')")
    oldest = oldest_id(wanted.created_since)
    if oldest is not None:
        found.append(f"t.id >= {parameters.add(oldest)}")
    return found


def partial_hints(wanted: TicketFilter) -> list[str]:
    """What follows from the conditions, in the words of partial indexes."""
    found = []
    if wanted.priority is not None and wanted.priority != "normal":
        found.append("t.priority <> 'normal'")
    if wanted.type:
        found.append("t.type <> ''")
    if wanted.connection_id is not None:
        found.append("t.version > 0")
    return found


def oldest_id(since: datetime | None) -> str | None:
    """No ticket that was created since then has a lower id (UUIDv7, RFC 9562)."""
    if since is None:
        return None
    time = f"{max(int((since - _SLACK).timestamp() * 1000), 0):012x}"
    return f"{time[:8]}-{time[8:12]}-0000-0000-000000000000"
