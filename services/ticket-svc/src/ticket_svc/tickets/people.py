"""Default recipients (S2-117 .. S2-138): pure rules, no input or output."""

from collections.abc import Iterable
from dataclasses import dataclass

TICKET_MANAGER = "ticket_manager"
ACCOUNT_MANAGER = "account_manager"


@dataclass(frozen=True, slots=True)
class NewRecipient:
    """A recipient to be written. `dedupe_key` keeps one person once a list (S2-138)."""

    list_name: str
    dedupe_key: str
    role: str | None = None
    employee_id: str | None = None
    contact_id: str | None = None
    name: str = ""
    email: str | None = None
    place: str = "to"


def external(
    email: str, *, name: str = "", contact_id: str | None = None, place: str = "to"
) -> NewRecipient:
    """A customer's address, whether or not it is a known contact's (S2-118)."""
    return NewRecipient(
        "external",
        f"address:{email.lower()}",
        contact_id=contact_id,
        name=name,
        email=email.lower(),
        place=place,
    )


def default_employees(receives_all_mail: Iterable[str]) -> list[NewRecipient]:
    """The roles, resolved when sending (ruling S2-126), and everyone who asked for all mail (S2-134
    .. S2-136).
    """
    roles = [
        NewRecipient("employee", f"role:{role}", role=role)
        for role in (TICKET_MANAGER, ACCOUNT_MANAGER)
    ]
    people = [
        NewRecipient("employee", f"employee:{employee_id}", employee_id=employee_id)
        for employee_id in receives_all_mail
    ]
    return roles + people
