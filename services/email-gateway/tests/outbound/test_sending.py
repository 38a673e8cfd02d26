"""Sending against a real SMTP server: once, again where it makes sense, and never in silence."""

from datetime import timedelta
from typing import Any

import pytest

from email_gateway.outbound import rules
from patchbay_contracts import (
    EmailFailed,
    EmailSent,
    MailPurpose,
    PersonRef,
    SendAlertEmail,
    SendEmail,
)
from patchbay_kit.ids import new_id
from patchbay_kit.testing.servers.smtp_sink import SmtpSink

JANE = "jane@customer.example"
TOM = "tom@customer.example"


def person(email: str, name: str = "") -> PersonRef:
    return PersonRef(kind="address", name=name, email=email)


@pytest.mark.covers("S4-22", "S4-31", "S2-111", "S2-112", "S2-113")
async def test_a_mail_is_sent_once_and_told(gateway: Any, smtp_sink: SmtpSink) -> None:
    ticket = new_id()
    request = await gateway.ask(
        ticket_id=ticket, from_name="Mia Moss", cc=[person(TOM)], bcc=[person("kim@msp.example")]
    )
    await gateway.send()
    await gateway.send_later()
    [mail] = smtp_sink.mails
    assert mail.recipients == (JANE, TOM, "kim@msp.example")
    assert mail.sender == "support@msp.example"
    assert mail.message["From"] == "Mia Moss <support@msp.example>"
    assert mail.message["Reply-To"].startswith("support+")
    assert mail.message["Reply-To"].endswith("@msp.example")
    assert mail.message["To"] == f"Jane Roe <{JANE}>"
    assert mail.message["X-Patchbay-Loop"] == "1"
    assert "kim@msp.example" not in mail.raw.decode()
    [event] = await gateway.events(EmailSent)
    assert (event.request_id, event.ticket_id, event.refused) == (request, ticket, [])
    assert event.message_id == mail.message["Message-ID"]
    assert event.recipients == list(mail.recipients)
    [row] = await gateway.outgoing()
    assert (row.state, row.attempts, row.sent_at) == ("sent", 1, event.sent_at)
    assert await gateway.runtime.blobs.get(row.blob) == mail.raw


async def test_a_request_that_comes_again_sends_once(gateway: Any, smtp_sink: SmtpSink) -> None:
    await gateway.ask(request_id="answer:1")
    await gateway.ask(request_id="answer:1", mail_subject="the same request, said again")
    await gateway.send()
    await gateway.ask(request_id="answer:1")
    await gateway.send()
    assert len(smtp_sink.mails) == 1
    assert len(await gateway.events(EmailSent)) == 1


async def test_the_answer_of_a_request_keeps_its_correlation(small: Any) -> None:
    request = SendEmail(
        request_id="r", purpose=MailPurpose.MESSAGE, to=[person(JANE)], mail_subject="x"
    )
    await small.deliver(request, correlationid="0197-correlation")
    await small.send()
    [envelope] = await small.envelopes()
    assert envelope.correlationid == "0197-correlation"


async def test_a_temporary_failure_is_tried_again_with_growing_waits(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    await gateway.ask()
    smtp_sink.fail_temporarily("451 4.3.0 come back later")
    waits = []
    for _ in range(5):
        await gateway.send()
        [row] = await gateway.outgoing()
        waits.append(row.next_attempt_at - gateway.clock())
        assert (row.state, row.last_error) == ("queued", "451 4.3.0 come back later")
        gateway.clock.now = row.next_attempt_at - timedelta(seconds=1)
        await gateway.send()
        [unchanged] = await gateway.outgoing()
        assert unchanged.attempts == row.attempts
        gateway.clock.advance(seconds=1)
    assert waits == sorted(waits)
    assert waits[0] < timedelta(seconds=15)
    assert waits[-1] > timedelta(minutes=10)
    smtp_sink.accept()
    await gateway.send()
    [row] = await gateway.outgoing()
    assert (row.state, row.attempts, row.last_error) == ("sent", 6, None)
    assert [each["code"] for each in row.reasons] == [
        "send.queued",
        *["send.retry"] * 5,
        "send.sent",
    ]
    assert len(await gateway.events(EmailSent)) == 1


async def test_a_permanent_refusal_is_told_at_once(gateway: Any, smtp_sink: SmtpSink) -> None:
    request = await gateway.ask(ticket_id=(ticket := new_id()))
    smtp_sink.refuse("554 5.7.1 not wanted here")
    await gateway.send()
    await gateway.send_later()
    [event] = await gateway.events(EmailFailed)
    assert (event.request_id, event.ticket_id) == (request, ticket)
    assert (event.error, event.recipients) == ("554 5.7.1 not wanted here", [JANE])
    [row] = await gateway.outgoing()
    assert (row.state, row.attempts) == ("failed", 1)


async def test_a_mail_is_given_up_after_days_and_told(small: Any, smtp_sink: SmtpSink) -> None:
    await small.ask()
    smtp_sink.fail_temporarily()
    begun = small.clock()
    for _ in range(rules.MAX_ATTEMPTS):
        await small.send()
        [row] = await small.outgoing()
        small.clock.now = max(row.next_attempt_at, small.clock.now)
    [event] = await small.events(EmailFailed)
    assert "451" in event.error
    assert small.clock() - begun > timedelta(days=4)
    [row] = await small.outgoing()
    assert row.state == "failed"
    assert len(row.reasons) <= 30


async def test_who_is_refused_for_good_is_told_and_the_others_have_their_mail(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    smtp_sink.refuse_recipient(TOM, "550 5.1.1 no such user")
    await gateway.ask(cc=[person(TOM)])
    await gateway.send()
    await gateway.send_later()
    [mail] = smtp_sink.mails
    assert mail.recipients == (JANE,)
    [event] = await gateway.events(EmailSent)
    assert (event.recipients, event.refused) == ([JANE], [TOM])
    [row] = await gateway.outgoing()
    assert row.state == "partly_refused"
    shown = await gateway.get(f"/v1/mails/{row.id}")
    assert shown["refused"] == [f"{TOM}: 550 5.1.1 no such user"]


async def test_who_is_refused_for_now_gets_it_later_and_the_others_do_not_get_it_twice(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    smtp_sink.refuse_recipient(TOM, "450 4.2.0 greylisted")
    await gateway.ask(cc=[person(TOM)])
    await gateway.send()
    assert await gateway.events(EmailSent) == []
    [row] = await gateway.outgoing()
    assert (row.state, row.message_id) == ("queued", smtp_sink.mails[0].message["Message-ID"])
    smtp_sink.accept()
    await gateway.send_later()
    first, second = smtp_sink.mails
    assert (first.recipients, second.recipients) == ((JANE,), (TOM,))
    assert first.message["Message-ID"] == second.message["Message-ID"]
    [event] = await gateway.events(EmailSent)
    assert (event.recipients, event.refused) == ([JANE, TOM], [])
    [row] = await gateway.outgoing()
    assert (row.state, row.refused) == ("sent", [])


async def test_who_stays_refused_is_told_in_the_end(small: Any, smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse_recipient(TOM, "450 4.2.0 greylisted")
    await small.ask(cc=[person(TOM)])
    await small.send()
    smtp_sink.refuse_recipient(TOM, "550 5.1.1 gone for good")
    await small.send_later()
    [event] = await small.events(EmailSent)
    assert (event.recipients, event.refused) == ([JANE], [TOM])
    [row] = await small.outgoing()
    assert row.state == "partly_refused"
    assert await small.events(EmailFailed) == []


@pytest.mark.covers("S2-114", "S4-32")
async def test_an_alert_goes_the_same_way_and_is_automatic(small: Any, smtp_sink: SmtpSink) -> None:
    alert = SendAlertEmail(
        request_id="alert:1",
        to=[person("kim@msp.example", "Kim Roe")],
        mail_subject="Ticket 0500-1000 changed",
        text="Status: open",
    )
    await small.deliver(alert)
    await small.deliver(alert)
    await small.send()
    [mail] = smtp_sink.mails
    assert mail.message["Auto-Submitted"] == "auto-generated"
    [event] = await small.events(EmailSent)
    assert event.purpose is MailPurpose.ALERT


async def test_caught_mail_goes_nowhere_and_is_told_as_caught(any_gateways: Any) -> None:
    async with any_gateways() as gateway:
        await gateway.ask()
        await gateway.send()
        [event] = await gateway.events(EmailSent)
        assert event.caught
        [row] = await gateway.outgoing()
        assert (row.state, row.message_id) == ("caught", event.message_id)
        answer = await gateway.http.get(f"/v1/mails/{row.id}/raw")
        assert b"It prints again." in answer.content


@pytest.mark.covers("S4-37", "S4-38")
async def test_a_test_mail_goes_to_the_address_of_ones_choice(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    body = {"to": "me@msp.example", "from_name": "Set-up"}
    answer = await gateway.http.post("/v1/mails/test", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "queued"
    await gateway.send()
    [mail] = smtp_sink.mails
    assert mail.recipients == ("me@msp.example",)
    assert mail.message["From"] == "Set-up <support@msp.example>"
    shown = await gateway.get(f"/v1/mails/{answer.json()['id']}")
    assert shown["state"] == "sent"


async def test_a_test_mail_shows_what_the_server_said(small: Any, smtp_sink: SmtpSink) -> None:
    smtp_sink.stop()
    answer = await small.http.post("/v1/mails/test", json={"to": "me@msp.example"})
    await small.send()
    shown = await small.get(f"/v1/mails/{answer.json()['id']}")
    assert shown["state"] == "queued"
    assert "cannot be reached" in shown["last_error"]


@pytest.mark.parametrize("to", ["", "me", "a@b.example\nBcc: c@d.example", "<a@b.example>"])
async def test_a_test_mail_needs_an_address(small: Any, to: str) -> None:
    answer = await small.http.post("/v1/mails/test", json={"to": to})
    assert answer.status_code == 422
    assert await small.outgoing() == []


async def test_a_test_mail_needs_the_right(gateways: Any) -> None:
    async with gateways(permissions=("desk",)) as gateway:
        answer = await gateway.http.post("/v1/mails/test", json={"to": "me@msp.example"})
        assert answer.status_code == 403
