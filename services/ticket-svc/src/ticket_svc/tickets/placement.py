"""Who gets a copy of a mail, and where: To, Cc or Bcc (S2-119 .. S2-124). Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from patchbay_contracts import PersonRef


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A recipient of the ticket with roles resolved to people."""

    person: PersonRef
    list_name: str
    place: str = "to"
    is_manager: bool = False


@dataclass(slots=True)
class Placement:
    """The addresses of one outgoing mail; one person is in it once."""

    to: list[PersonRef] = field(default_factory=list)
    cc: list[PersonRef] = field(default_factory=list)
    bcc: list[PersonRef] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.to or self.cc or self.bcc)


def place_customer_mail(subscribers: Sequence[Subscriber], sender: str) -> Placement:
    """To the employees only: the ticket manager in To, the others in Cc (S2-101, S2-123)."""
    placement = Placement()
    employees = _once(
        sorted(
            (each for each in subscribers if each.list_name == "employee"),
            key=lambda each: not each.is_manager,
        ),
        {sender.lower()},
    )
    for each in employees:
        (placement.to if each.is_manager else placement.cc).append(each.person)
    if not placement.to and placement.cc:
        placement.to, placement.cc = placement.cc, []
    return placement


def place_employee_mail(
    subscribers: Sequence[Subscriber], sender: str, sender_id: str | None = None
) -> Placement:
    """To the externals where each stands, and to every employee but the sender in Bcc (S2-102,
    S2-120, S2-124). The sender is known by their id as well: they may write from another address
    than the one at which they get mail (S2-107).
    """
    placement = Placement()
    seen = {sender.lower()}
    lists = {"to": placement.to, "cc": placement.cc, "bcc": placement.bcc}
    externals = [each for each in subscribers if each.list_name == "external"]
    for each in _once(externals, seen):
        lists[each.place].append(each.person)
    seen |= {person.email.lower() for people in lists.values() for person in people}
    employees = [
        each
        for each in subscribers
        if each.list_name == "employee" and (sender_id is None or each.person.id != sender_id)
    ]
    placement.bcc.extend(each.person for each in _once(employees, seen))
    return placement


def _once(subscribers: Sequence[Subscriber], seen: set[str]) -> list[Subscriber]:
    """Each address once, and none of `seen` (S2-138)."""
    known = set(seen)
    kept = []
    for each in subscribers:
        address = each.person.email.lower()
        if address and address not in known:
            known.add(address)
            kept.append(each)
    return kept
