"""Who looks at tickets, and which of them they may see: every reading of tickets asks here.

An employee sees what they manage, and everything with `tickets.all` (S2-27, S2-30). A contact sees
the tickets of their account, and of those only public entries. What nobody may see is answered as
if it were not there.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, false

from patchbay_kit.auth import Principal
from ticket_svc.base import Base

SEE_ALL = "tickets.all"
MARK_READ = "tickets.mark_read"


def _tickets() -> Table:
    # By name: the tickets' own code asks here.
    return Base.metadata.tables["ticket"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """A caller as a reader of tickets."""

    principal: Principal

    @property
    def public_only(self) -> bool:
        """Whether internal entries, notes and people stay hidden."""
        return self.principal.kind == "contact"

    @property
    def sees_all(self) -> bool:
        """Whether every ticket is visible."""
        return not self.public_only and self.principal.may(SEE_ALL)

    def bounds(self) -> dict[str, str | None]:
        """The column of `ticket` that must have a value, and that value: nothing for those who see
        all, and None as the value for those who see none.
        """
        if self.sees_all:
            return {}
        if self.public_only:
            return {"account_id": self.principal.account_id or None}
        return {"manager_id": self.principal.id}

    def conditions(self) -> list[ColumnElement[bool]]:
        """What to add to a WHERE over `ticket`; empty for those who see all."""
        return [
            false() if value is None else _tickets().c[name] == value
            for name, value in self.bounds().items()
        ]

    def sees(self, ticket: Any) -> bool:
        """The same for a ticket that has been read already (`manager_id`, `account_id`)."""
        return all(
            value is not None and getattr(ticket, name) == value
            for name, value in self.bounds().items()
        )
