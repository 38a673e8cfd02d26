"""Which change of a ticket a viewer is told about, and what."""

from typing import Any

from ticket_svc.rights.viewer import Viewer

# The ticket is not theirs to see any more: a screen takes it away.
LEFT = "ticket.left"
# What of a ticket's facts a customer may know of at all.
_PUBLIC = frozenset(
    {"ticket.created", "ticket.updated", "ticket.closed", "ticket.reopened", "ticket.merged"}
)
_NOTED = "ticket.note_added"


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
        noted = name == _NOTED and change.data.get("public") is True
        return known if noted or name in _PUBLIC else None
    extra = {key: change.data[key] for key in ("changed", "kind") if key in change.data}
    return known | extra
