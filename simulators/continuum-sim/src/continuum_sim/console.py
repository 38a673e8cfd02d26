"""The page behind a ticket's url: read-only, as the portal is once the PSA is switched on."""

from html import escape
from typing import Any

from fastapi import APIRouter, Response

from continuum_sim.deps import CallDep, SimDep
from continuum_sim.outcome import Outcome

router = APIRouter(tags=["console"])


def _page(ticket: dict[str, Any]) -> str:
    shown = ("number", "status", "origin", "siteName", "deviceName", "assigneeGroup", "createdAt")
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(ticket[name] or ''))}</td></tr>"
        for name in shown
    )
    notes = "".join(
        f"<li>{escape(note['at'])} {escape(note['author'])}: {escape(note['text'])}</li>"
        for note in ticket["notes"]
    )
    summary = escape(ticket["summary"])
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{summary}</title>"
        f"<h1>{summary}</h1><p>Simulated Continuum, read-only.</p><table>{rows}</table>"
        f"<pre>{escape(ticket['description'])}</pre><ul>{notes}</ul></html>"
    )


@router.get("/console/tickets/{ticket_id}")
async def show_ticket(ticket_id: str, sim: SimDep, call: CallDep) -> Response:
    """Show a ticket."""
    return call.read(lambda: Outcome(_page(sim.desk.view(ticket_id)), media_type="text/html"))
