"""What an outgoing mail looks like: ours, answerable, loop-proof, with nothing smuggled in."""

from email.message import EmailMessage
from typing import Any

import pytest

from email_gateway.parsing.tokens import ticket_from_addresses, ticket_from_message_id
from patchbay_contracts import EmailReceived, MailPurpose, PersonRef
from patchbay_kit.ids import new_id
from patchbay_kit.testing.servers.smtp_sink import SmtpSink, SunkMail

SUPPORT = "support@msp.example"
JANE = "jane@customer.example"
EVIL = "x\r\nBcc: eve@evil.example\r\n\r\nbody"


@pytest.fixture
async def gateway(gateways: Any, smtp_sink: SmtpSink) -> Any:
    """The service with the sink as its mail server."""
    server = {"smtp_host": smtp_sink.host, "smtp_port": smtp_sink.port, "smtp_tls": "none"}
    async with gateways(outgoing="smtp", **server) as made:
        yield made


async def sent(gateway: Any, sink: SmtpSink, **fields: Any) -> SunkMail:
    await gateway.ask(**fields)
    await gateway.send()
    return sink.mails[-1]


@pytest.mark.covers("S2-93")
async def test_automatic_mail_says_so_and_nobody_can_answer_it_automatically(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    mail = await sent(
        gateway, smtp_sink, purpose=MailPurpose.AUTO_ANSWER, automatic=True, in_reply_to="<a@b.c>"
    )
    assert mail.sender == ""
    assert mail.message["Auto-Submitted"] == "auto-replied"
    assert mail.message["X-Auto-Response-Suppress"] == "All"
    assert mail.message["In-Reply-To"] == "<a@b.c>"


async def test_a_persons_mail_is_not_marked_automatic(gateway: Any, smtp_sink: SmtpSink) -> None:
    mail = await sent(gateway, smtp_sink)
    assert mail.sender == SUPPORT
    assert mail.message["Auto-Submitted"] is None


@pytest.mark.covers("S2-93", "S2-113", "S2-100")
async def test_an_answer_leads_back_to_the_ticket(gateway: Any, smtp_sink: SmtpSink) -> None:
    ticket = new_id()
    mail = await sent(gateway, smtp_sink, ticket_id=ticket)
    key = gateway.token_key
    assert ticket_from_addresses(key, [str(mail.message["Reply-To"])]) == ticket
    assert ticket_from_message_id(key, str(mail.message["Message-ID"])) == ticket
    answer = f"From: {JANE}\r\nTo: {mail.message['Reply-To']}\r\nSubject: Re: x\r\n\r\nthanks\r\n"
    await gateway.take(answer.encode())
    [event] = await gateway.events(EmailReceived)
    assert (event.token_ticket_id, event.addressed_as) == (ticket, "to")


async def test_mail_of_no_ticket_is_answered_to_the_support_address(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    mail = await sent(gateway, smtp_sink)
    assert mail.message["Reply-To"] == SUPPORT


async def test_our_own_mail_that_comes_back_is_known(gateway: Any, smtp_sink: SmtpSink) -> None:
    mail = await sent(gateway, smtp_sink)
    await gateway.take(mail.raw)
    [event] = await gateway.events(EmailReceived)
    assert event.automation == "own"


@pytest.mark.covers("S2-111", "S2-112", "S2-104")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Mia Moss", "Mia Moss"),
        ("Jürgen Groß", "Jürgen Groß"),
        ('He said "hi", <eve@evil.example>', 'He said "hi", <eve@evil.example>'),
        (EVIL, "x  Bcc: eve@evil.example    body"),
        (None, ""),
    ],
)
async def test_the_sender_is_the_support_address_under_the_employees_name(
    gateway: Any, smtp_sink: SmtpSink, name: str | None, shown: str
) -> None:
    mail = await sent(gateway, smtp_sink, from_name=name)
    [address] = mail.message["From"].addresses
    assert address.addr_spec == SUPPORT
    assert address.display_name.split() == shown.split()
    assert mail.message["Bcc"] is None


@pytest.mark.parametrize("field", ["mail_subject", "in_reply_to", "text", "from_name"])
async def test_no_field_can_add_a_header(gateway: Any, smtp_sink: SmtpSink, field: str) -> None:
    mail = await sent(gateway, smtp_sink, **{field: EVIL})
    assert mail.message["Bcc"] is None
    assert mail.recipients == (JANE,)


async def test_neither_references_nor_names_can_add_a_header(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    person = PersonRef(kind="address", name=EVIL, email=JANE)
    mail = await sent(gateway, smtp_sink, references=[EVIL, "<a@b.c>"], to=[person], cc=[person])
    assert mail.message["Bcc"] is None
    assert mail.message["References"] == "<a@b.c>"
    assert mail.recipients == (JANE,)


async def test_bcc_is_in_the_envelope_only(gateway: Any, smtp_sink: SmtpSink) -> None:
    hidden = PersonRef(kind="employee", name="Kim", email="kim@msp.example")
    mail = await sent(gateway, smtp_sink, to=[], bcc=[hidden])
    assert mail.recipients == ("kim@msp.example",)
    assert b"kim" not in mail.raw.lower()
    assert mail.message["To"] == "undisclosed-recipients:;"


async def test_who_is_named_twice_gets_one_copy(gateway: Any, smtp_sink: SmtpSink) -> None:
    jane = PersonRef(kind="contact", name="Jane", email=JANE)
    mail = await sent(gateway, smtp_sink, to=[jane], cc=[jane], bcc=[jane])
    assert mail.recipients == (JANE,)


async def test_nul_characters_are_left_out(gateway: Any, smtp_sink: SmtpSink) -> None:
    mail = await sent(gateway, smtp_sink, mail_subject="a\x00b", text="c\x00d")
    assert mail.message["Subject"] == "ab"
    assert b"cd" in mail.raw


def original() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = JANE, SUPPORT
    mail["Subject"] = "Look at this"
    mail["Message-ID"] = "<original@customer.example>"
    mail["Disposition-Notification-To"] = JANE
    mail.set_content("see the picture")
    html = '<p>see <b>the</b> picture <img src="cid:pic@x"></p>'
    mail.add_alternative(html, subtype="html")
    body = mail.get_body(("html",))
    assert body is not None
    body.add_related(b"PNG", maintype="image", subtype="png", cid="<pic@x>", filename="pic.png")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Rechnung ü.pdf")
    return mail.as_bytes()


@pytest.mark.covers("S2-116", "S2-111", "S2-102")
async def test_a_distributed_mail_is_the_original_with_formatting_and_attachments(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    [taken] = await gateway.take(original())
    mail = await sent(
        gateway,
        smtp_sink,
        purpose=MailPurpose.DISTRIBUTION,
        ticket_id=new_id(),
        original_mail_id=taken.mail_id,
        from_name="Jane Roe",
        text="not this",
        mail_subject="[0500-1000] Look at this",
    )
    message = mail.message
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "see the picture" in plain.get_content()
    assert "not this" not in plain.get_content()
    assert '<b>the</b> picture <img src="cid:pic@x">' in html.get_content()
    parts = {part.get_filename(): part for part in message.walk() if part.get_filename()}
    assert parts["pic.png"]["Content-ID"] == "<pic@x>"
    assert parts["Rechnung ü.pdf"].get_content() == b"%PDF"
    [address] = message["From"].addresses
    assert (address.display_name, address.addr_spec) == ("Jane Roe", SUPPORT)
    assert message["Disposition-Notification-To"] is None
    assert message["Subject"] == "[0500-1000] Look at this"


async def test_an_original_of_nobody_leaves_the_text_of_the_request(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    mail = await sent(gateway, smtp_sink, original_mail_id=new_id())
    assert b"It prints again." in mail.raw


async def test_international_recipients_need_a_server_that_can(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    person = PersonRef(kind="address", email="jürgen@kunde.example")
    mail = await sent(gateway, smtp_sink, to=[person])
    assert mail.recipients == ("jürgen@kunde.example",)
