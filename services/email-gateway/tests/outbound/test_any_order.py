"""Property: each request is sent once and each decision shown as the newest says, in any order."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from email_gateway.definition import SERVICE
from patchbay_contracts import (
    EmailDecided,
    EmailSent,
    MailOutcome,
    MailPurpose,
    PersonRef,
    SendAlertEmail,
    SendEmail,
)
from patchbay_kit.ids import new_id
from patchbay_kit.testing import harness
from patchbay_kit.testing.orders import any_order, batches

JANE = PersonRef(kind="contact", name="Jane Roe", email="jane@customer.example")


def _requests() -> list[Any]:
    """Two mails and an alert; the first is asked for twice, by events of their own."""
    ids = [new_id() for _ in range(3)]
    mails = [
        SendEmail(
            request_id=each,
            purpose=MailPurpose.MESSAGE,
            to=[JANE],
            mail_subject="About your printer",
            text="It prints again.",
        )
        for each in (ids[0], ids[0], ids[1])
    ]
    alert = SendAlertEmail(
        request_id=ids[2],
        to=[JANE],
        mail_subject="New ticket",
        text="Disk full",
        ticket_id=new_id(),
        ticket_number="0500-1000",
    )
    return [harness.make_envelope(each, subject=each.request_id) for each in (*mails, alert)]


def _decisions(mail_id: str, ticket: str) -> list[Any]:
    undecided = EmailDecided(mail_id=mail_id, outcome=MailOutcome.UNDECIDED, reasons=[])
    filed = EmailDecided(
        mail_id=mail_id,
        outcome=MailOutcome.FILED,
        ticket_id=ticket,
        ticket_number="0500-1000",
        reasons=[],
    )
    return [
        harness.make_envelope(data, subject=mail_id, version=version)
        for version, data in enumerate((undecided, filed), 1)
    ]


@pytest.mark.slow
@pytest.mark.any_order("SendEmail", "SendAlertEmail", "EmailDecided")
@given(chance=st.randoms(use_true_random=False), size=st.integers(1, 10), sends=st.booleans())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_and_repetition_sends_once_and_shows_the_newest_decision(
    gateway: Any, make_letter: Any, chance: random.Random, size: int, sends: bool
) -> None:
    ticket = new_id()
    letters = [make_letter(message_id=f"<{new_id()}@x.example>") for _ in range(2)]
    taken = [each.mail_id for each in await gateway.take(*letters)]
    requests = _requests()
    once = requests + [each for mail_id in taken for each in _decisions(mail_id, ticket)]
    for batch in batches(any_order(once, chance), size):
        verdicts = await harness.deliver(gateway.runtime, SERVICE, batch)
        assert [v for v in verdicts if v.retry_step is not None] == []
        if sends:
            await gateway.send()
    await gateway.send()
    wanted = {each.data.request_id for each in requests}
    mine = [row for row in await gateway.outgoing() if row.request_id in wanted]
    assert sorted(row.request_id for row in mine) == sorted(wanted)
    assert {row.state for row in mine} == {"sent"}
    told = [each.request_id for each in await gateway.events(EmailSent)]
    assert sorted(each for each in told if each in wanted) == sorted(wanted)
    shown = [await gateway.get(f"/v1/mails/{mail_id}") for mail_id in taken]
    assert [(mail["state"], mail["ticket_id"]) for mail in shown] == [("filed", ticket)] * 2
