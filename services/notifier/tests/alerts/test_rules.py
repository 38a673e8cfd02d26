"""Who is told, and in which words."""

from datetime import UTC, datetime

import pytest

from notifier.alerts.rules import (
    MAX_SUBJECT,
    decide,
    failed_command_text,
    new_ticket_text,
    person_key,
    request_id,
)
from notifier.desk.rules import Ticket
from patchbay_contracts import PersonRef

MARY = PersonRef(id="m1", kind="employee", name="Mary", email="mary@desk.example")
TICKET = Ticket("t1", "0500-1000", "Disk full", "ACME", "high", MARY, "Server 1")


@pytest.mark.parametrize(
    ("manager", "actor", "off", "code"),
    [
        (MARY, "system:ticket-svc", False, "alert.sent"),
        (MARY, None, False, "alert.sent"),
        (MARY, "employee:m2", False, "alert.sent"),
        (MARY, "contact:m1", False, "alert.sent"),
        (MARY, "employee:m1", False, "alert.own_change"),
        (MARY, "system:ticket-svc", True, "alert.off"),
        (MARY.model_copy(update={"email": " "}), None, False, "alert.no_address"),
        (None, None, False, "manager.none"),
    ],
)
def test_the_manager_is_told_unless(
    manager: PersonRef | None, actor: str | None, off: bool, code: str
) -> None:
    assert decide(manager, actor, switched_off=off).code == code


@pytest.mark.covers("S2-115")
def test_alert_about_a_new_ticket_tells_its_details_in_a_fixed_form() -> None:
    text = new_ticket_text(
        TICKET,
        channel="rmm",
        occurred_at=datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        description="Drive C: has 1 % left.\n",
        public_url="https://hub.example/",
    )
    assert text.subject == "[0500-1000] New ticket: Disk full"
    assert text.body.splitlines() == [
        "New ticket 0500-1000",
        "",
        "Subject:  Disk full",
        "Account:  ACME",
        "Asset:    Server 1",
        "Priority: high",
        "Channel:  rmm",
        "Time:     2026-11-20 08:30 UTC",
        "",
        "Drive C: has 1 % left.",
        "",
        "https://hub.example/tickets/t1",
        "",
        "-- ",
        "You get this because you are the ticket manager. You can switch alerts off.",
    ]


def test_what_a_remote_system_writes_cannot_make_mail_headers() -> None:
    hostile = Ticket("t1", "0500-1000", "x\r\nBcc: a@b.example\x00" + "y" * 900, "A", "high", MARY)
    text = failed_command_text(
        hostile,
        command="close",
        remote_number="T1",
        error="no\n\nway",
        attempts=2,
        public_url="https://hub.example",
    )
    assert text.subject == "[0500-1000] Remote command failed: close"
    assert "Error:    no way" in text.body
    told = new_ticket_text(
        hostile,
        channel="rmm",
        occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
        description="\x00\x1b[31m",
        public_url="https://hub.example",
    )
    assert told.subject.startswith("[0500-1000] New ticket: x Bcc: a@b.example y")
    assert len(told.subject) == MAX_SUBJECT
    assert "\x00" not in told.body


def test_request_of_one_event_and_person_is_the_same_for_ever() -> None:
    assert request_id("e1", person_key(MARY)) == "2a88f166-8e79-5cf3-94bd-46d7414e14f3"
    assert request_id("e1", "employee:m2") != request_id("e1", person_key(MARY))
    assert request_id("e2", person_key(MARY)) != request_id("e1", person_key(MARY))
