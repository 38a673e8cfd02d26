"""The proof: what was really done to each ticket, and how often the PSA asked for it."""

from typing import Any

from continuum_sim.control_models import EffectsQuery
from continuum_sim.store import Store

_PER_TICKET = """
SELECT t.id AS ticketId, t.external_ref AS externalRef, t.status, t.created_by AS createdBy,
    t.closed_by AS closedBy, t.assignee_group AS assigneeGroup,
    coalesce(e.closes, 0) AS closesApplied, coalesce(e.notes, 0) AS notesApplied,
    coalesce(e.assigns, 0) AS assignsApplied, coalesce(j.closes, 0) AS closeRequests
FROM ticket t
LEFT JOIN (
    SELECT ticket_id, sum(kind = 'close') AS closes, sum(kind = 'note') AS notes,
        sum(kind = 'assign') AS assigns
    FROM effect WHERE actor = 'psa' GROUP BY ticket_id
) e ON e.ticket_id = t.id
LEFT JOIN (
    SELECT ticket_id, count(*) AS closes FROM journal
    WHERE ticket_id IS NOT NULL AND path GLOB '/psg/v1/tickets/*/close' GROUP BY ticket_id
) j ON j.ticket_id = t.id
WHERE (:ticket IS NULL OR t.id = :ticket) AND (:ref IS NULL OR t.external_ref = :ref)
ORDER BY t.rowid
"""

_DUPLICATES = """
SELECT external_ref FROM ticket WHERE external_ref IS NOT NULL
GROUP BY external_ref HAVING count(*) > 1 ORDER BY external_ref
"""


def effects(store: Store, query: EffectsQuery) -> dict[str, Any]:
    """Return a summary and one line per ticket. `closesApplied` counts closes by the PSA."""
    rows = store.rows(_PER_TICKET, {"ticket": query.ticket_id, "ref": query.external_ref})
    tickets = [dict(row) for row in rows]
    return {
        "summary": {
            "tickets": len(tickets),
            "open": sum(ticket["status"] == "open" for ticket in tickets),
            "closedByPsa": sum(ticket["closedBy"] == "psa" for ticket in tickets),
            "closedByConsole": sum(ticket["closedBy"] == "console" for ticket in tickets),
            "closedMoreThanOnce": sum(ticket["closesApplied"] > 1 for ticket in tickets),
            "closeRequests": sum(ticket["closeRequests"] for ticket in tickets),
            "duplicateExternalRefs": [row[0] for row in store.rows(_DUPLICATES)],
        },
        "tickets": tickets,
    }
