"""Which change of a ticket a viewer is told about, and what."""

from typing import Any

from ticket_svc.rights.viewer import Viewer

# The ticket is not theirs to see any more: a screen takes it away.
LEFT = "ticket.left"
# What of a ticket's facts a customer may know of at all.
_PUBLIC = frozenset({"ticket.created", "ticket.closed", "ticket.reopened", "ticket.merged"})
_NOTED = "ticket.note_added"
_UPDATED = "ticket.updated"
# What of a ticket a customer is shown; of files and merged entries some are public.
_SHOWN = frozenset(
    {
        "account_id",
        "contact_id",
        "description",
        "documents",
        "history",
        "merged_into_id",
        "priority",
        "status",
        "subject",
    }
)


def message_for(viewer: Viewer, change: Any, ticket: Any) -> dict[str, Any] | None:
    """What the viewer is told of the change, or None.

    `ticket` is the ticket as it is now: who may not see it now is not told what it was before.
    """
    name = change.type.rpartition(".")[0]
    head = {"ticket_id": change.ticket_id, "version": change.version}
    if ticket is None:
        return None
    if not viewer.sees(ticket):
        was_theirs = change.data.get("previous_manager_id") == viewer.principal.id
        return {"type": LEFT, **head} if was_theirs and not viewer.public_only else None
    known = {"type": name, "number": ticket.number, **head}
    if viewer.public_only:
        return known if _is_public(name, change.data) else None
    extra = {key: change.data[key] for key in ("changed", "kind") if key in change.data}
    return known | extra


def _is_public(name: str, data: Any) -> bool:
    if name == _NOTED:
        return data.get("public") is True
    if name == _UPDATED:
        return not _SHOWN.isdisjoint(data.get("changed", ()))
    return name in _PUBLIC
