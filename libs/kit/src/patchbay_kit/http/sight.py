"""What a caller may see of things about tickets, in services that do not keep the tickets.

Only ticket-svc can tell who sees a ticket (S2-30); the verifier asks it with the caller's own
credential. Where nobody can be asked, nothing about a ticket is shown.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import ColumnElement

from patchbay_kit.auth import Principal
from patchbay_kit.errors import not_found
from patchbay_kit.http.dependencies import Caller
from patchbay_kit.http.identification import runtime_of

SEE_ALL = "tickets.all"


@dataclass(frozen=True, slots=True)
class Sight:
    """A caller as a reader of what is about tickets. `asked` is the verifier of their credential,
    which can tell about tickets where it has `sees`.
    """

    principal: Principal
    token: str
    asked: Any

    @property
    def sees_all(self) -> bool:
        """Whether every ticket is visible."""
        return self.principal.kind != "contact" and self.principal.may(SEE_ALL)

    async def sees(self, ticket_id: str | None) -> bool:
        """Whether they may see what is about this ticket, or about none."""
        if ticket_id is None or self.sees_all:
            return True
        tells = getattr(self.asked, "sees", None)
        return tells is not None and bool(await tells(self.token, ticket_id))

    async def check(self, ticket_id: str | None, what: str, record_id: str) -> None:
        """404 for a record about a ticket that they may not see."""
        if not await self.sees(ticket_id):
            raise not_found(what, record_id)

    async def bounds(
        self, wanted: str | None, otherwise: ColumnElement[bool]
    ) -> list[ColumnElement[bool]]:
        """What to add to a WHERE over things about tickets.

        Nothing for those who see all, or the one ticket that is `wanted`; else `otherwise`.
        """
        if self.sees_all or (wanted is not None and await self.sees(wanted)):
            return []
        return [otherwise]


async def sight(request: Request, caller: Caller) -> Sight:
    """The dependency behind `SightDep`."""
    token = request.headers["authorization"].partition(" ")[2].strip()
    return Sight(caller, token, runtime_of(request).extras.get("verifier"))


SightDep = Annotated[Sight, Depends(sight)]
