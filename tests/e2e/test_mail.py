"""The path of a mail: in over SMTP, filed, answered and sent on; HTTP shows what went out."""

import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from patchbay_kit.testing.system.base import SUPPORT, System
from patchbay_kit.testing.system.mail import (
    Postman,
    codes,
    decided,
    new_mail,
    original,
    send,
    until,
    went_out,
)

Mail = dict[str, Any]


@dataclass(frozen=True)
class Customer:
    """An account with one contact, and an employee; nobody else has their addresses."""

    account_id: str
    contact: str
    employee: str
    employee_name: str


@pytest.fixture
def customer(system: System) -> Customer:
    tag = secrets.token_hex(4)
    account = system.api.post("/v1/accounts", {"name": f"Customer {tag}"})
    contact = f"ann-{tag}@customer-{tag}.example"
    body = {"account_id": account["id"], "name": "Ann Lee", "email1": contact, "is_main": True}
    system.api.post("/v1/contacts", body)
    employee = f"kim-{tag}@msp.example"
    system.api.post("/v1/employees", {"name": f"Kim Roe {tag}", "email1": employee})
    return Customer(account["id"], contact, employee, f"Kim Roe {tag}")


def opened(system: System, customer: Customer, subject: str = "Printer is on fire") -> Mail:
    """The ledger entry of a mail that made a ticket."""
    mail = send(system, new_mail(customer.contact, subject, "It burns."))
    entry = decided(system, mail)
    assert entry["state"] == "created", entry
    return entry


def texts(system: System, ticket_id: str) -> list[str]:
    history = system.api.items(f"/v1/tickets/{ticket_id}/history", kind="email")
    return [each["text"].strip() for each in history]


def sent_to(system: System, ticket_id: str, address: str) -> list[Mail]:
    """What was sent on to somebody; the customer's own mail goes to the manager as well."""
    mails = went_out(system, ticket_id, "distribution", count=0)
    return [mail for mail in mails if address in mail["recipients"]]


@pytest.mark.covers("S2-92", "S2-93", "S2-132")
def test_a_mail_of_a_known_contact_makes_a_ticket_and_is_answered_once_with_its_number(
    system: System, customer: Customer
) -> None:
    entry = opened(system, customer)

    ticket = system.api.get(f"/v1/tickets/{entry['ticket_number']}")
    assert ticket["account"]["id"] == customer.account_id
    assert ticket["subject"] == "Printer is on fire"
    assert ticket["in_inbox"]
    (sent,) = went_out(system, ticket["id"], "auto_answer")
    answer = original(system, sent["id"])
    assert f"[{ticket['number']}]" in str(answer["Subject"])
    assert customer.contact in str(answer["To"])
    assert str(answer["Auto-Submitted"]).startswith("auto-")
    assert "mail.new_ticket" in codes(system.api.get(f"/v1/mails/{entry['id']}/explain"))


@pytest.mark.covers("S4-05", "S2-94")
def test_an_answer_to_the_reply_address_is_filed_whatever_its_subject(
    system: System, customer: Customer
) -> None:
    entry = opened(system, customer)
    (sent,) = went_out(system, entry["ticket_id"], "auto_answer")
    reply_to = original(system, sent["id"])["Reply-To"].addresses[0].addr_spec

    reply = new_mail("ann@private.example", "Quite another subject", "By token", to=reply_to)
    answer = decided(system, send(system, reply, recipient=reply_to))

    assert (answer["state"], answer["ticket_id"]) == ("filed", entry["ticket_id"])
    assert "mail.by_token" in codes(answer)
    assert "By token" in texts(system, entry["ticket_id"])


@pytest.mark.covers("S2-94", "S4-06")
def test_an_answer_with_the_number_in_its_subject_is_filed(
    system: System, customer: Customer
) -> None:
    entry = opened(system, customer)

    reply = new_mail(customer.contact, f"Re: [{entry['ticket_number']}] Printer", "By number")
    answer = decided(system, send(system, reply))

    assert (answer["state"], answer["ticket_id"]) == ("filed", entry["ticket_id"])
    assert "mail.by_subject_number" in codes(answer)


@pytest.mark.covers("S4-07")
def test_an_answer_that_refers_to_what_we_sent_is_filed_without_any_number(
    system: System, customer: Customer
) -> None:
    entry = opened(system, customer)
    (sent,) = went_out(system, entry["ticket_id"], "auto_answer")
    message_id = str(original(system, sent["id"])["Message-ID"])
    system.wait_until_quiet()

    reply = new_mail(customer.contact, "Re: Printer", "By reference", References=message_id)
    answer = decided(system, send(system, reply))

    assert (answer["state"], answer["ticket_id"]) == ("filed", entry["ticket_id"])
    assert {"mail.by_message_id", "mail.by_token"} & set(codes(answer))


def test_an_answer_that_refers_to_the_customers_own_first_mail_is_filed(
    system: System, customer: Customer
) -> None:
    first = new_mail(customer.contact, "No network", "Since nine")
    entry = decided(system, send(system, first))
    follow_up = new_mail(customer.contact, "More", "Still", In_Reply_To=str(first["Message-ID"]))

    answer = decided(system, send(system, follow_up))

    assert (answer["state"], answer["ticket_id"]) == ("filed", entry["ticket_id"])


@pytest.mark.covers("S4-19", "S2-110")
def test_a_stranger_who_knows_the_number_is_left_undecided(
    system: System, customer: Customer
) -> None:
    entry = opened(system, customer)

    mail = new_mail("eve@stranger.example", f"Re: [{entry['ticket_number']}]", "Let me in")
    answer = decided(system, send(system, mail))

    assert answer["state"] == "undecided"
    assert "mail.sender_not_party" in codes(answer)
    assert "Let me in" not in texts(system, entry["ticket_id"])


def test_a_mail_of_nobody_we_know_is_left_undecided_and_not_answered(system: System) -> None:
    answer = decided(system, send(system, new_mail("who@nowhere.example", "Buy now")))

    assert answer["state"] == "undecided"
    assert "mail.unknown_sender" in codes(answer)


@pytest.mark.covers("S2-95", "S2-101", "S2-111")
def test_an_employees_answer_reaches_the_customer_from_the_support_address_in_their_name(
    system: System, customer: Customer
) -> None:
    entry = opened(system, customer)
    subject = f"Re: [{entry['ticket_number']}] Printer is on fire"

    answer = decided(system, send(system, new_mail(customer.employee, subject, "Use water.")))

    assert (answer["state"], answer["ticket_id"]) == ("filed", entry["ticket_id"])
    (sent,) = until(
        lambda: sent_to(system, entry["ticket_id"], customer.contact), "the mail sent on"
    )
    mail = original(system, sent["id"])
    sender = mail["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (customer.employee_name, SUPPORT)
    assert customer.contact in sent["recipients"]
    assert customer.employee not in sent["recipients"]
    assert "Use water." in mail.get_body(("plain",)).get_content()


@pytest.mark.covers("S2-109")
def test_an_employees_mail_with_support_in_copy_is_filed_only(
    system: System, customer: Customer
) -> None:
    entry = opened(system, customer)
    subject = f"Re: [{entry['ticket_number']}]"
    mail = new_mail(customer.employee, subject, "For you", to=customer.contact, Cc=SUPPORT)

    answer = decided(system, send(system, mail))
    system.wait_until_quiet()

    assert answer["state"] == "filed"
    assert "mail.filed_only" in codes(answer)
    assert not sent_to(system, entry["ticket_id"], customer.contact)


@pytest.mark.covers("S2-93")
def test_automatic_mail_is_never_answered(system: System, customer: Customer) -> None:
    away = new_mail(customer.contact, "Out of office", "Away", Auto_Submitted="auto-replied")
    entry = opened(system, customer)
    number = entry["ticket_number"]
    on_ticket = new_mail(customer.contact, f"Re: [{number}]", "Away", Auto_Submitted="auto-replied")

    first, second = (decided(system, send(system, mail)) for mail in (away, on_ticket))
    system.wait_until_quiet()

    assert first["state"] == "undecided"
    assert second["state"] == "filed"
    assert "mail.automatic" in codes(first)
    assert len(went_out(system, entry["ticket_id"], "auto_answer")) == 1
    assert len(went_out(system, entry["ticket_id"], "distribution")) == 1  # its first mail


@pytest.mark.covers("S2-93")
def test_a_mail_with_the_null_sender_makes_a_ticket_and_is_not_answered(
    system: System, customer: Customer
) -> None:
    mail = new_mail(customer.contact, "From a scanner", "Scan done")

    with Postman(system.smtp_port) as postman:
        entry = decided(system, postman.deliver(mail.as_bytes(), sender=""))
    system.wait_until_quiet()

    assert entry["state"] in ("created", "undecided")
    if entry["ticket_id"]:
        assert not went_out(system, entry["ticket_id"], "auto_answer", count=0)
        assert "auto_answer.suppressed" in codes(entry)


def test_our_own_mail_that_comes_back_is_ignored(system: System, customer: Customer) -> None:
    entry = opened(system, customer)
    (sent,) = went_out(system, entry["ticket_id"], "auto_answer")
    raw = system.api.request("GET", f"/v1/mails/{sent['id']}/raw").content

    with Postman(system.smtp_port) as postman:
        back = decided(system, postman.deliver(raw, sender=SUPPORT))

    assert back["state"] == "ignored"
    assert "mail.own_loop" in codes(back)


def test_the_same_mail_delivered_twice_is_one_ticket(system: System, customer: Customer) -> None:
    mail = new_mail(customer.contact, "Twice")

    first, second = send(system, mail), send(system, mail)

    assert first == second
    entry = decided(system, first)
    assert entry["deliveries"] == 2
    tickets = system.api.items("/v1/tickets", account_id=customer.account_id)
    assert [each["id"] for each in tickets] == [entry["ticket_id"]]


def test_a_mail_over_the_limits_is_kept_in_quarantine_with_the_reason(
    system: System, customer: Customer
) -> None:
    depth = 200
    head = f"From: {customer.contact}\nTo: {SUPPORT}\nSubject: Russian doll\n"
    nested = "".join(
        f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"
        for level in range(depth)
    )

    with Postman(system.smtp_port) as postman:
        raw = f"{head}MIME-Version: 1.0\n{nested}\nend\n".encode()
        entry = decided(system, postman.deliver(raw, sender=customer.contact))

    assert entry["state"] == "quarantined"
    assert "mail.quarantined" in codes(entry)
    kept = system.api.request("GET", f"/v1/mails/{entry['id']}/raw").content
    assert b"Russian doll" in kept
