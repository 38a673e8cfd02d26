"""A ticket as alerts tell it."""

from dataclasses import dataclass

from patchbay_contracts import PersonRef


@dataclass(frozen=True, slots=True)
class Ticket:
    """The newest known facts of a ticket; no asset name where that is not known (yet)."""

    ticket_id: str
    number: str
    subject: str
    account_name: str
    priority: str
    manager: PersonRef | None
    asset_name: str | None = None
