"""Who is told, and in which words. No input or output."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID, uuid5

from notifier.desk.rules import Ticket
from patchbay_contracts import PersonRef, Reason, ReasonCode

# A name space of our own for uuid5; it must never change, else alerts could be sent twice.
_REQUESTS = UUID("0192f3a0-6f0e-7c51-9d5c-2f6a1be0c7d4")
MAX_SUBJECT = 200
MAX_DESCRIPTION = 10_000


class AlertState(StrEnum):
    """What became of an alert; `caught` is the demo's "sent"."""

    SUPPRESSED = "suppressed"
    REQUESTED = "requested"
    SENT = "sent"
    CAUGHT = "caught"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body of an alert."""

    subject: str
    body: str


def request_id(event_id: str, person_key: str) -> str:
    """The same for one event and one person for ever, so that a repeated request sends once."""
    return str(uuid5(_REQUESTS, f"{event_id}/{person_key}"))


def person_key(person: PersonRef | None) -> str:
    """What makes a person one person; empty for nobody."""
    if person is None:
        return ""
    return f"{person.kind}:{person.id or person.email.casefold()}"


def decide(manager: PersonRef | None, actor: str | None, *, switched_off: bool) -> Reason:
    """Whether the ticket manager is told: ALERT_SENT, else why not (X-07, X-09, X-10)."""
    if manager is None:
        return Reason(code=ReasonCode.MANAGER_NONE)
    person = {"person_id": manager.id, "role": "ticket_manager"}
    if manager.id is not None and actor == f"{manager.kind}:{manager.id}":
        return Reason(code=ReasonCode.ALERT_OWN_CHANGE, params=person)
    if switched_off:
        return Reason(code=ReasonCode.ALERT_OFF, params=person)
    if not manager.email.strip():
        return Reason(code=ReasonCode.ALERT_NO_ADDRESS, params=person)
    return Reason(code=ReasonCode.ALERT_SENT, params=person)


def new_ticket_text(
    ticket: Ticket, *, channel: str, occurred_at: datetime, description: str, public_url: str
) -> Text:
    """The alert about a new ticket (S1-16, S2-115)."""
    lines = [
        f"New ticket {ticket.number}",
        "",
        *_facts(ticket),
        f"Channel:  {channel}",
        f"Time:     {occurred_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    ]
    if description.strip():
        lines += ["", _shortened(description.strip())]
    return Text(
        _line(f"[{ticket.number}] New ticket: {ticket.subject}"), _end(lines, ticket, public_url)
    )


def failed_command_text(
    ticket: Ticket, *, command: str, remote_number: str, error: str, attempts: int, public_url: str
) -> Text:
    """The alert about a command that the remote system did not carry out."""
    lines = [
        f"The remote system did not carry out a command for ticket {ticket.number}.",
        "",
        *_facts(ticket),
        f"Command:  {command}",
        f"Remote:   {remote_number}",
        f"Attempts: {attempts}",
        f"Error:    {_line(error)}",
    ]
    subject = _line(f"[{ticket.number}] Remote command failed: {command}")
    return Text(subject, _end(lines, ticket, public_url))


def _facts(ticket: Ticket) -> list[str]:
    facts = [f"Subject:  {_line(ticket.subject)}", f"Account:  {_line(ticket.account_name)}"]
    if ticket.asset_name:
        facts.append(f"Asset:    {_line(ticket.asset_name)}")
    return [*facts, f"Priority: {ticket.priority}"]


def _end(lines: list[str], ticket: Ticket, public_url: str) -> str:
    link = f"{public_url.rstrip('/')}/tickets/{ticket.ticket_id}"
    why = "You get this because you are the ticket manager. You can switch alerts off."
    return "\n".join([*lines, "", link, "", "-- ", why, ""])


def _line(text: str) -> str:
    """One line without control characters: what remote systems write ends up in mail headers."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1] + "…"


def _shortened(text: str) -> str:
    clean = "".join(c for c in text if c.isprintable() or c in "\n\t")
    return clean if len(clean) <= MAX_DESCRIPTION else clean[:MAX_DESCRIPTION] + "\n[…]"
