"""What the event of a mail says, and how large it may be."""

from typing import Any

import pytest

from email_gateway.outbound.composing import tagged
from email_gateway.parsing.tokens import make_message_id, make_token
from patchbay_contracts import (
    AutomationClass,
    EmailBounced,
    EmailReceived,
    EmailSent,
)
from patchbay_kit.ids import new_id

SUPPORT = "support@msp.example"


async def received(gateway: Any, raw: bytes, **fields: Any) -> EmailReceived:
    await gateway.take(raw, **fields)
    found: EmailReceived = (await gateway.events(EmailReceived))[-1]
    return found


@pytest.mark.covers("S2-109")
@pytest.mark.parametrize(
    ("to", "headers", "place"),
    [
        (SUPPORT, [], "to"),
        ("Support <SUPPORT@MSP.example>", [], "to"),
        ("support+anything@msp.example", [], "to"),
        ("jane@customer.example", [("Cc", SUPPORT)], "cc"),
        ("jane@customer.example", [("Cc", "support+x@msp.example")], "cc"),
        ("jane@customer.example", [], "bcc"),
        ("", [], "bcc"),
        ("support@msp.example.evil.example", [], "bcc"),
    ],
)
async def test_where_our_address_stood_is_told(
    small_gateway: Any, make_letter: Any, to: str, headers: list[tuple[str, str]], place: str
) -> None:
    for recipients in ((SUPPORT,), ()):
        subject = f"{recipients}"
        raw = make_letter(to=to, headers=headers, subject=subject)
        event = await received(small_gateway, raw, recipients=recipients)
        assert event.addressed_as == place


@pytest.mark.covers("S2-106")
async def test_a_token_in_the_address_names_the_ticket(
    small_gateway: Any, make_letter: Any
) -> None:
    ticket = new_id()
    address = tagged(SUPPORT, make_token(small_gateway.token_key, ticket, "nonce"))
    event = await received(small_gateway, make_letter(to=address))
    assert (event.token_ticket_id, event.addressed_as) == (ticket, "to")
    only_envelope = make_letter("again", to="list@customer.example")
    event = await received(small_gateway, only_envelope, recipients=(address.upper(),))
    assert event.token_ticket_id == ticket


@pytest.mark.covers("S2-106")
@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
async def test_our_message_id_in_an_answer_names_the_ticket(
    small_gateway: Any, make_letter: Any, header: str
) -> None:
    ticket = new_id()
    ours = make_message_id(small_gateway.token_key, ticket, new_id(), "msp.example")
    event = await received(small_gateway, make_letter(headers=[(header, f"<a@b.example> {ours}")]))
    assert event.token_ticket_id == ticket


async def test_a_token_of_somebody_else_names_nothing(small_gateway: Any, make_letter: Any) -> None:
    forged = make_message_id(b"another key of another place!!!!", new_id(), "x", "msp.example")
    token = make_token(b"another key of another place!!!!", new_id(), "x")
    raw = make_letter(to=tagged(SUPPORT, token), headers=[("References", forged)])
    assert (await received(small_gateway, raw)).token_ticket_id is None


async def test_our_own_mail_is_told_as_our_own(small_gateway: Any, make_letter: Any) -> None:
    event = await received(small_gateway, make_letter(headers=[("X-Patchbay-Loop", "1")]))
    assert event.automation is AutomationClass.OWN
    event = await received(small_gateway, make_letter("from us", sender=SUPPORT))
    assert event.automation is AutomationClass.OWN


def huge() -> bytes:
    """Everything that an event carries, as large as it may be."""
    to = ",\r\n ".join(f'"{"Näme " * 30}{n}" <n{n}@customer.example>' for n in range(300))
    references = "\r\n ".join(f"<{'r' * 200}{n}@customer.example>" for n in range(200))
    head = (
        f"From: jane@customer.example\r\nTo: {to}\r\nCc: {to}\r\nReferences: {references}\r\n"
        f"Message-ID: <huge@customer.example>\r\nSubject: {'Ü' * 900}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    text = '"\\😀' * 200_000
    files = "".join(
        f'\r\n--b\r\nContent-Type: a/b\r\nContent-Disposition: attachment; filename="{"ä" * 90}{n}"'
        "\r\n\r\nx"
        for n in range(150)
    )
    return f"{head}{text}{files}\r\n--b--\r\n".encode()


async def test_the_event_of_a_huge_mail_stays_small(gateway: Any) -> None:
    raw = huge()
    event = await received(gateway, raw)
    [envelope] = await gateway.envelopes()
    assert len(envelope.model_dump_json(exclude_none=True).encode()) <= 256_000
    assert event.text_truncated
    assert event.text.startswith('"\\😀')
    assert event.sender is not None
    assert (len(event.to) > 0, len(event.attachments) > 0) == (True, True)
    [row] = await gateway.received()
    assert await gateway.runtime.blobs.get(row.blob) == raw


async def test_a_long_text_is_cut_and_says_so(small_gateway: Any, make_letter: Any) -> None:
    event = await received(small_gateway, make_letter("word " * 100_000))
    assert event.text_truncated
    assert len(event.text) == 64 * 1024
    assert len(event.new_text) <= 32 * 1024


def bounce_of(message_id: str) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.customer.example\r\nTo: support@msp.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <dsn@mx.customer.example>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.customer.example\r\n\r\n"
        "Final-Recipient: rfc822; jane@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"From: support@msp.example\r\nMessage-ID: {message_id}\r\nSubject: x\r\n\r\nhello\r\n"
        "--b--\r\n"
    ).encode()


async def test_a_bounce_of_our_mail_is_told_with_the_mail_and_its_ticket(gateway: Any) -> None:
    ticket = new_id()
    await gateway.ask(ticket_id=ticket)
    await gateway.send()
    [sent] = await gateway.events(EmailSent)
    [taken] = await gateway.take(bounce_of(sent.message_id), envelope_sender="")
    [bounced] = await gateway.events(EmailBounced)
    assert (bounced.mail_id, bounced.bounced_mail_id) == (taken.mail_id, sent.mail_id)
    assert bounced.ticket_id == ticket
    assert (bounced.bounce.kind, bounced.bounce.status) == ("hard", "5.1.1")
    assert bounced.bounce.failed_recipients == ["jane@customer.example"]
    [event] = await gateway.events(EmailReceived)
    assert event.automation is AutomationClass.BOUNCE


async def test_a_bounce_of_a_strange_mail_is_only_told_as_received(small_gateway: Any) -> None:
    await small_gateway.take(bounce_of("<strange@elsewhere.example>"))
    assert await small_gateway.events(EmailBounced) == []
    assert len(await small_gateway.events(EmailReceived)) == 1
