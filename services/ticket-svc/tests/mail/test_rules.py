"""The table of what a mail becomes, rule by rule."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from patchbay_contracts import AutomationClass, BounceInfo, EmailReceived, MailOutcome, ReasonCode
from ticket_svc.mail.rules import Candidate, Candidates, Sender, decide, may_answer

R = ReasonCode
ANN = "ann@acme.example"
ACME, BOLT = "account-acme", "account-bolt"
TICKET = Candidate("ticket-1", ACME, frozenset({"guest@elsewhere.example"}))

KNOWN = Sender(email=ANN, accounts={ACME: "contact-ann"})
OF_DOMAIN = Sender(email="new@acme.example", domain_account=ACME)
STRANGER = Sender(email="eve@evil.example")
GUEST = Sender(email="guest@elsewhere.example")
OTHER_ACCOUNT = Sender(email="bob@bolt.example", accounts={BOLT: "contact-bob"})
OF_TWO = Sender(email=ANN, accounts={ACME: "contact-1", BOLT: "contact-2"})
EMPLOYEE = Sender(email="mia@desk.example", employee_id="employee-mia", employee_name="Mia")
NOBODY = Sender()

BY_TOKEN = Candidates(by_token=TICKET)
BY_REFERENCE = Candidates(by_message_id=[TICKET])
BY_NUMBER = Candidates(by_number=[TICKET])
BY_BOUNCE = Candidates(by_bounce=TICKET)
BY_OWN_ID = Candidates(by_own_id=TICKET)
NOTHING = Candidates()


@dataclass(frozen=True)
class Case:
    name: str
    sender: Sender
    found: Candidates
    outcome: MailOutcome
    code: ReasonCode
    mail: dict[str, Any] = field(default_factory=dict)


FILED, CREATED = MailOutcome.FILED, MailOutcome.CREATED
UNDECIDED, IGNORED = MailOutcome.UNDECIDED, MailOutcome.IGNORED
FORGED = {"authentication": "fail"}
NUMBERED = {"subject_numbers": ["0500-1000"]}


def automatic(kind: AutomationClass) -> dict[str, Any]:
    return {"automation": kind}


CASES = [
    Case(
        "our own mail that came back",
        KNOWN,
        BY_TOKEN,
        IGNORED,
        R.MAIL_OWN_LOOP,
        automatic(AutomationClass.OWN),
    ),
    Case("a token speaks for anybody", STRANGER, BY_TOKEN, FILED, R.MAIL_BY_TOKEN),
    Case(
        "a token speaks even for a forged sender",
        STRANGER,
        BY_TOKEN,
        FILED,
        R.MAIL_BY_TOKEN,
        FORGED,
    ),
    Case("a contact's answer", KNOWN, BY_REFERENCE, FILED, R.MAIL_BY_MESSAGE_ID),
    Case("a colleague's answer", OF_DOMAIN, BY_REFERENCE, FILED, R.MAIL_BY_MESSAGE_ID),
    Case("a recipient's answer", GUEST, BY_REFERENCE, FILED, R.MAIL_BY_MESSAGE_ID),
    Case("an employee's answer", EMPLOYEE, BY_REFERENCE, FILED, R.MAIL_FROM_EMPLOYEE),
    Case("a stranger's answer", STRANGER, BY_REFERENCE, UNDECIDED, R.MAIL_SENDER_NOT_PARTY),
    Case(
        "another account's answer", OTHER_ACCOUNT, BY_REFERENCE, UNDECIDED, R.MAIL_SENDER_NOT_PARTY
    ),
    Case("a forged answer", KNOWN, BY_REFERENCE, UNDECIDED, R.MAIL_SENDER_UNVERIFIED, FORGED),
    Case("a contact's number", KNOWN, BY_NUMBER, FILED, R.MAIL_BY_SUBJECT_NUMBER, NUMBERED),
    Case("an employee's number", EMPLOYEE, BY_NUMBER, FILED, R.MAIL_FROM_EMPLOYEE, NUMBERED),
    Case("a stranger's number", STRANGER, BY_NUMBER, UNDECIDED, R.MAIL_SENDER_NOT_PARTY, NUMBERED),
    Case(
        "another account's number",
        OTHER_ACCOUNT,
        BY_NUMBER,
        UNDECIDED,
        R.MAIL_SENDER_NOT_PARTY,
        NUMBERED,
    ),
    Case("a number that no ticket has", KNOWN, NOTHING, UNDECIDED, R.MAIL_NUMBER_UNKNOWN, NUMBERED),
    Case("an answer to it came first", KNOWN, BY_OWN_ID, FILED, R.MAIL_BY_MESSAGE_ID),
    Case("a known address", KNOWN, NOTHING, CREATED, R.ACCOUNT_BY_SENDER_ADDRESS),
    Case("a known domain", OF_DOMAIN, NOTHING, CREATED, R.ACCOUNT_BY_SENDER_DOMAIN),
    Case("an unknown sender", STRANGER, NOTHING, UNDECIDED, R.MAIL_UNKNOWN_SENDER),
    Case("an address that two accounts have", OF_TWO, NOTHING, UNDECIDED, R.MAIL_AMBIGUOUS_SENDER),
    Case("an employee about something new", EMPLOYEE, NOTHING, UNDECIDED, R.MAIL_FROM_EMPLOYEE),
    Case("a known address, forged", KNOWN, NOTHING, UNDECIDED, R.MAIL_SENDER_UNVERIFIED, FORGED),
    Case("no sender at all", NOBODY, NOTHING, UNDECIDED, R.MAIL_NO_SENDER),
    Case(
        "a bounce of a mail of the ticket",
        NOBODY,
        BY_BOUNCE,
        FILED,
        R.MAIL_BOUNCE,
        automatic(AutomationClass.BOUNCE),
    ),
    Case(
        "a bounce of something else",
        NOBODY,
        NOTHING,
        UNDECIDED,
        R.MAIL_BOUNCE,
        automatic(AutomationClass.BOUNCE),
    ),
    Case(
        "an automatic answer on a ticket",
        KNOWN,
        BY_REFERENCE,
        FILED,
        R.MAIL_AUTOMATIC,
        automatic(AutomationClass.AUTO_REPLY),
    ),
    Case(
        "an automatic mail",
        KNOWN,
        NOTHING,
        UNDECIDED,
        R.MAIL_AUTOMATIC,
        automatic(AutomationClass.AUTO_REPLY),
    ),
    Case(
        "a list's mail",
        KNOWN,
        NOTHING,
        UNDECIDED,
        R.MAIL_AUTOMATIC,
        automatic(AutomationClass.LIST),
    ),
    Case(
        "an invitation",
        KNOWN,
        NOTHING,
        CREATED,
        R.ACCOUNT_BY_SENDER_ADDRESS,
        automatic(AutomationClass.CALENDAR),
    ),
]


@pytest.mark.covers("S4-10", "S4-11", "S2-94", "S2-105")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_kind_of_mail_has_its_outcome_and_reason(case: Case, mail: Any) -> None:
    event = mail(case.sender.email, **case.mail)
    verdict = decide(event.data, case.sender, case.found)
    assert verdict.outcome is case.outcome
    assert case.code in [reason.code for reason in verdict.reasons]
    assert (verdict.ticket_id == TICKET.ticket_id) is (case.outcome is FILED)
    assert (verdict.account_id is None) is (case.outcome in (UNDECIDED, IGNORED))


@pytest.mark.covers("S4-16", "S4-17")
def test_the_full_address_goes_before_the_domain(mail: Any) -> None:
    sender = Sender(email=ANN, accounts={ACME: "contact-ann"}, domain_account=BOLT)
    verdict = decide(mail(ANN).data, sender, NOTHING)
    assert (verdict.account_id, verdict.contact_id) == (ACME, "contact-ann")


def test_the_first_ticket_that_the_sender_may_reach_is_taken(mail: Any) -> None:
    foreign = Candidate("ticket-0", BOLT)
    found = Candidates(by_message_id=[foreign, TICKET])
    assert decide(mail(ANN).data, KNOWN, found).ticket_id == TICKET.ticket_id


def test_a_forged_employee_is_none(mail: Any) -> None:
    event = mail(EMPLOYEE.email, **FORGED)
    assert decide(event.data, EMPLOYEE, BY_TOKEN).from_employee is False


@pytest.mark.parametrize(
    ("fields", "answered"),
    [
        ({}, True),
        ({"envelope_sender": ""}, False),
        ({"automation": AutomationClass.AUTO_REPLY}, False),
        ({"automation": AutomationClass.LIST}, False),
        ({"automation": AutomationClass.CALENDAR}, False),
        ({"automation": AutomationClass.BOUNCE, "bounce": BounceInfo()}, False),
        ({"sender": "Support@Desk.example"}, False),
        ({"sender": "no-reply@shop.example"}, False),
        ({"sender": "MAILER-DAEMON@acme.example"}, False),
        ({"sender": "owner-news@acme.example"}, False),
        ({"sender": None}, False),
    ],
    ids=str,
)
def test_only_people_are_answered(mail: Any, fields: dict[str, Any], answered: bool) -> None:
    values = {"sender": ANN, **fields}
    event: EmailReceived = mail(**values).data
    assert may_answer(event, frozenset({"support@desk.example"})) is answered
