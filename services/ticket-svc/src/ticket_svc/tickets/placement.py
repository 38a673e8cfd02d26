"""Who gets a copy of a mail, and where: To, Cc or Bcc (S2-119 .. S2-124). Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from patchbay_contracts import PersonRef


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A recipient of the ticket with roles resolved to people.

    `employee_id`: whose address an external one is, where it is one of our own people's.
    """

    person: PersonRef
    list_name: str
    place: str = "to"
    is_manager: bool = False
    employee_id: str | None = None

    @property
    def ours(self) -> str | None:
        """The id of the employee who it is; None for everybody else."""
        return self.person.id if self.list_name == "employee" else self.employee_id


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
    S2-120, S2-124). People of ours are known by their id as well: they may write from another
    address than the one at which they get mail (S2-107), and stand there with either (S2-138).
    """
    placement = Placement()
    seen = {sender.lower()}
    lists = {"to": placement.to, "cc": placement.cc, "bcc": placement.bcc}
    others = [each for each in subscribers if each.ours is None or each.ours != sender_id]
    externals = _once([each for each in others if each.list_name == "external"], seen)
    for each in externals:
        lists[each.place].append(each.person)
    seen |= {each.person.email.lower() for each in externals}
    there = {each.ours for each in externals} - {None}
    employees = [each for each in others if each.list_name == "employee" and each.ours not in there]
    placement.bcc.extend(each.person for each in _once(employees, seen))
    return placement


def _once(subscribers: Sequence[Subscriber], seen: set[str]) -> list[Subscriber]:
    """Each person once, by address or as one of ours, and no address of `seen` (S2-138)."""
    known: set[str | None] = set(seen)
    kept = []
    for each in subscribers:
        address = each.person.email.lower()
        if address and not {address, each.ours} & known:
            known |= {address, each.ours} - {None}
            kept.append(each)
    return kept
