"""Who or what wrote a mail, by the signs of RFC 3834 and of real systems."""

import pytest

from email_gateway.parsing.automation import Classification, OwnIdentity, classify
from email_gateway.parsing.mail import parse_mail
from patchbay_contracts.email import AutomationClass

OWN = OwnIdentity(frozenset({"support@msp.example"}), frozenset({"support.msp.example"}))


def classified(headers: bytes, body: bytes = b"Hello, the printer is broken.") -> Classification:
    raw = b"From: jane@customer.example\nTo: support@msp.example\n" + headers + b"\n" + body
    return classify(parse_mail(raw), OWN)


@pytest.mark.parametrize(
    "headers",
    [
        b"",
        b"Auto-Submitted: no\n",
        b"Precedence: normal\n",
        b"Return-Path: <jane@customer.example>\n",
        b"Subject: Undelivered parcel\n",
        b"Subject: Mail delivery problems since Monday\n",
        b"Subject: the autoresponder: how do I set it up?\n",
        b"List-Id: Support <support.msp.example>\n",
    ],
)
def test_ordinary_mail_is_human(headers: bytes) -> None:
    assert classified(headers).kind is AutomationClass.HUMAN


@pytest.mark.parametrize(
    "headers",
    [
        b"Auto-Submitted: auto-replied\n",
        b"Auto-Submitted: auto-generated; why=alert\n",
        b"Precedence: auto_reply\n",
        b"Precedence: bulk\n",
        b"X-Autoreply: yes\n",
        b"X-Auto-Response-Suppress: All\n",
        b"X-Auto-Response-Suppress: DR, OOF, AutoReply\n",
        b"Return-Path: <>\n",
        b"Subject: Automatic reply: Printer\n",
        b"Subject: Automatische Antwort: Drucker\n",
        b"Subject: R\xc3\xa9ponse automatique : imprimante\n",
        b"Subject: Out of Office: Jane\n",
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n",
    ],
)
def test_automatic_answers_are_recognised(headers: bytes) -> None:
    assert classified(headers).kind is AutomationClass.AUTO_REPLY
    assert classified(headers).reason


@pytest.mark.parametrize("headers", [b"List-Id: <news.x.example>\n", b"Precedence: list\n"])
def test_list_mail_is_recognised(headers: bytes) -> None:
    assert classified(headers).kind is AutomationClass.LIST


def test_our_own_mail_is_recognised_by_header_and_by_sender() -> None:
    assert classified(b"X-Patchbay-Loop: 1\n").kind is AutomationClass.OWN
    own = parse_mail(b"From: Desk <Support@MSP.example>\n\nx")
    assert classify(own, OWN).kind is AutomationClass.OWN
    assert classify(own).kind is AutomationClass.HUMAN


@pytest.mark.parametrize("method", [b"REQUEST", b"REPLY", b"CANCEL"])
def test_calendar_mail_is_recognised(method: bytes) -> None:
    body = b"BEGIN:VCALENDAR\r\nMETHOD:" + method + b"\r\nEND:VCALENDAR\r\n"
    found = classified(b"Content-Type: text/calendar; method=" + method + b"\n", body)
    assert found.kind is AutomationClass.CALENDAR


DSN = b"""Return-Path: <>
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; Bob@customer.example
Action: failed
Status: %s
Diagnostic-Code: smtp; %s

--b
Content-Type: message/rfc822

Message-ID: <pb.original@msp.example>
Subject: hello

x
--b--
"""


@pytest.mark.parametrize(
    ("status", "diagnosis", "kind"),
    [
        (b"5.1.1", b"550 5.1.1 User unknown", "hard"),
        (b"5.0.0", b"550 no such user here", "hard"),
        (b"5.1.2", b"host not found", "hard"),
        (b"5.2.2", b"552 mailbox full", "soft"),
        (b"4.4.1", b"connection timed out", "soft"),
        (b"5.7.1", b"554 message refused by policy", "soft"),
        (b"5.1.8", b"553 sender address rejected: domain not found", "soft"),
        (b"5.0.0", b"500 no idea", "unknown"),
    ],
)
def test_delivery_reports_say_what_failed(status: bytes, diagnosis: bytes, kind: str) -> None:
    raw = b"From: MAILER-DAEMON@mx.example\n" + DSN % (status, diagnosis)
    found = classify(parse_mail(raw), OWN)
    assert found.kind is AutomationClass.BOUNCE
    assert found.bounce is not None
    assert found.bounce.kind == kind
    assert found.bounce.status == status.decode()
    assert found.bounce.failed_recipients == ("bob@customer.example",)
    assert found.bounce.original_message_id == "<pb.original@msp.example>"


def test_a_bounce_without_machine_readable_part_is_read_from_its_words() -> None:
    raw = (
        b"From: Mail Delivery System <MAILER-DAEMON@mx.example>\nSubject: failure notice\n\n"
        b"Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver"
        b" your message to the following addresses.\n\n<bob@customer.example>:\n"
        b"550 5.1.1 Sorry, no mailbox here by that name.\n\n"
        b"--- Below this line is a copy of the message.\n\nReturn-Path: <support@msp.example>\n"
        b"Message-ID: <pb.original@msp.example>\n\nHello\n"
    )
    bounce = classify(parse_mail(raw), OWN).bounce
    assert bounce is not None
    assert (bounce.kind, bounce.status) == ("hard", "5.1.1")
    assert bounce.failed_recipients == ("bob@customer.example",)
    assert bounce.original_message_id == "<pb.original@msp.example>"


def test_a_spam_complaint_is_no_failed_delivery() -> None:
    raw = (
        b"From: fbl@isp.example\nContent-Type: multipart/report; report-type=feedback-report;"
        b" boundary=b\n\n--b\n\nComplaint\n--b\nContent-Type: message/feedback-report\n\n"
        b"Feedback-Type: abuse\n\n--b--\n"
    )
    bounce = classify(parse_mail(raw), OWN).bounce
    assert bounce is not None
    assert (bounce.feedback, bounce.kind) == (True, "unknown")
