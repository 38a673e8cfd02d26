"""The table of who gets a copy of a mail, and where (S2-119 .. S2-124, S2-138)."""

from typing import Any

import pytest

from patchbay_contracts import PersonRef
from ticket_svc.tickets.placement import (
    Placement,
    Subscriber,
    place_customer_mail,
    place_employee_mail,
)


def employee(name: str, *, manager: bool = False) -> Subscriber:
    person = PersonRef(id=name, kind="employee", name=name, email=f"{name}@desk.example")
    return Subscriber(person, "employee", is_manager=manager)


def customer(name: str, place: str = "to") -> Subscriber:
    person = PersonRef(kind="address", name=name, email=f"{name}@acme.example")
    return Subscriber(person, "external", place)


MIA, TOM = employee("mia", manager=True), employee("tom")
ANN, BEN, CAT = customer("ann"), customer("ben", "cc"), customer("cat", "bcc")
ALL = [ANN, BEN, CAT, TOM, MIA]


def names(placement: Placement) -> dict[str, list[str]]:
    lists = {"to": placement.to, "cc": placement.cc, "bcc": placement.bcc}
    return {place: [person.name for person in people] for place, people in lists.items() if people}


CUSTOMER_MAIL = [
    (
        "manager in To, the others in Cc, no customer",
        ALL,
        "ann@acme.example",
        {"to": ["mia"], "cc": ["tom"]},
    ),
    ("without a manager the others are in To", [ANN, TOM], "ann@acme.example", {"to": ["tom"]}),
    ("nobody of ours", [ANN, BEN], "ann@acme.example", {}),
    (
        "an employee twice",
        [MIA, employee("mia", manager=True), TOM],
        "ann@acme.example",
        {"to": ["mia"], "cc": ["tom"]},
    ),
    ("the manager writes as a customer", [MIA, TOM], "MIA@desk.example", {"to": ["tom"]}),
]


@pytest.mark.covers("S2-101", "S2-122", "S2-123", "S2-138")
@pytest.mark.parametrize(("_name", "subscribers", "sender", "expected"), CUSTOMER_MAIL)
def test_customer_mail_goes_to_the_employees_only(
    _name: str, subscribers: list[Subscriber], sender: str, expected: Any
) -> None:
    assert names(place_customer_mail(subscribers, sender)) == expected


EMPLOYEE_MAIL = [
    (
        "customers where they stand, employees in Bcc, not the sender",
        ALL,
        "tom@desk.example",
        {"to": ["ann"], "cc": ["ben"], "bcc": ["cat", "mia"]},
    ),
    (
        "another employee writes",
        ALL,
        "new@desk.example",
        {"to": ["ann"], "cc": ["ben"], "bcc": ["cat", "tom", "mia"]},
    ),
    ("no customer", [MIA, TOM], "tom@desk.example", {"bcc": ["mia"]}),
    ("only the sender", [TOM], "TOM@desk.example", {}),
    (
        "an address on both lists is there once",
        [
            customer("ann"),
            Subscriber(PersonRef(kind="employee", name="x", email="ann@acme.example"), "employee"),
            TOM,
        ],
        "mia@desk.example",
        {"to": ["ann"], "bcc": ["tom"]},
    ),
]


@pytest.mark.covers("S2-119", "S2-120", "S2-121", "S2-122", "S2-124", "S2-138")
@pytest.mark.parametrize(("_name", "subscribers", "sender", "expected"), EMPLOYEE_MAIL)
def test_employee_mail_goes_to_everybody_but_the_sender(
    _name: str, subscribers: list[Subscriber], sender: str, expected: Any
) -> None:
    assert names(place_employee_mail(subscribers, sender)) == expected
