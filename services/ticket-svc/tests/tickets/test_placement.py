"""The table of who gets a copy of a mail, and where (S2-119 .. S2-124, S2-138)."""

from dataclasses import replace
from typing import Any

import pytest

from patchbay_contracts import PersonRef
from ticket_svc.tickets.defaults import default_recipients
from ticket_svc.tickets.directory import AccountFacts
from ticket_svc.tickets.people import default_employees
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


@pytest.mark.covers("S2-101", "S2-119", "S2-122", "S2-123", "S2-138")
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


@pytest.mark.covers("S2-107", "S2-124", "S2-138")
def test_a_sender_who_writes_from_their_other_address_gets_no_copy() -> None:
    placement = place_employee_mail(ALL, "mia@home.example", sender_id="mia")
    assert names(placement) == {"to": ["ann"], "cc": ["ben"], "bcc": ["cat", "tom"]}
    stranger = place_employee_mail([TOM, MIA], "new@desk.example", sender_id="new")
    assert names(stranger) == {"bcc": ["tom", "mia"]}


@pytest.mark.covers("S2-124", "S2-138")
def test_one_of_our_own_people_with_two_addresses_is_there_once() -> None:
    at_home = replace(customer("mia-home", "cc"), employee_id="mia")
    other = replace(customer("mia-other"), employee_id="mia")
    team = replace(customer("team"), employee_id=None)
    both = place_employee_mail([at_home, other, team, MIA, TOM], "tom@desk.example", "tom")
    assert names(both) == {"to": ["team"], "cc": ["mia-home"]}
    from_mia = place_employee_mail([at_home, other, team, MIA, TOM], "mia@x.example", "mia")
    assert names(from_mia) == {"to": ["team"], "bcc": ["tom"]}


ACME = AccountFacts("acme", "ACME", None, None)
ANNA = PersonRef(id="1", kind="contact", name="Ann", email="Ann@acme.example")
INFO = PersonRef(id="acme", kind="account", name="ACME", email="info@acme.example")
DEFAULTS = [
    ("the main contact", ANNA, [("ann@acme.example", "1")]),
    ("the account's own address", INFO, [("info@acme.example", None)]),
    ("nobody", None, []),
]


@pytest.mark.covers("S2-125", "S2-129", "S2-134", "S2-135", "S2-136", "S2-138")
@pytest.mark.parametrize(("_name", "main", "expected"), DEFAULTS)
def test_a_new_ticket_writes_to_the_main_contact_the_managers_and_who_wants_all(
    _name: str, main: PersonRef | None, expected: list[tuple[str, str | None]]
) -> None:
    employees = default_employees(["mia", "tom"])
    found, _ = default_recipients(replace(ACME, main_contact=main), employees)
    outside = [each for each in found if each.list_name == "external"]
    assert [(each.email, each.contact_id) for each in outside] == expected
    assert {each.place for each in outside} <= {"to"}
    inside = [each.role or each.employee_id for each in found if each.list_name == "employee"]
    assert inside == ["ticket_manager", "account_manager", "mia", "tom"]
    assert len({each.dedupe_key for each in found}) == len(found)
