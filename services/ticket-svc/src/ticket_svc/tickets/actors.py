"""Who works on a ticket over HTTP, and what follows from that."""

from dataclasses import dataclass

from patchbay_contracts import Channel
from patchbay_kit.auth import Principal


@dataclass(frozen=True, slots=True)
class By:
    """`external` puts what they do into the Inbox: the doings of employees never do (S2-49)."""

    actor: str
    channel: Channel
    external: bool


def by(principal: Principal) -> By:
    """Employees work at the desk; anything else is a program or a customer (S2-40 .. S2-48)."""
    if principal.kind == "employee":
        return By(principal.actor, Channel.EMPLOYEE, external=False)
    channel = Channel.WEB if principal.kind == "contact" else Channel.API
    return By(principal.actor, channel, external=True)
