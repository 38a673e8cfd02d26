"""Whatever arrives: a mail or a quarantine, never another exception."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from email_gateway.parsing.authentication import authenticate
from email_gateway.parsing.automation import classify
from email_gateway.parsing.build import OutgoingAttachment, OutgoingSpec, build_message
from email_gateway.parsing.html import sanitise_html
from email_gateway.parsing.limits import Limits, QuarantineError
from email_gateway.parsing.mail import extract_attachment, extract_attachments, parse_mail
from email_gateway.parsing.model import ParsedMail
from email_gateway.parsing.reply import REPLY_MARKER, new_part
from email_gateway.parsing.subjects import strip_reply_prefixes, subject_numbers

# Seconds of work: left to `make test`.
pytestmark = pytest.mark.slow

NAMES = st.sampled_from(
    b"From To Subject Date Message-ID References Content-Type Content-Transfer-Encoding"
    b" Content-Disposition Authentication-Results Return-Path List-Id In-Reply-To X-Junk"
    b" content-id".split()
)
PIECES = st.sampled_from(
    rb"""=?utf-8?q? =?gb2312?B? =?iso-2022-jp?b?GyRC?= ?= < > a@b.example " \ ( ) , ; : text/html
    message/rfc822 charset*=utf-7''+ charset=utf-16 name*0*=x'y'%ff filename*1=z base64 = %
    quoted-printable x-uuencode application/ms-tnef +2AA-""".split()
) | st.sampled_from(
    [
        b"multipart/mixed; boundary=b",
        b"multipart/report; report-type=delivery-status; boundary=b",
        b"\r\n ",
        b"\n\t",
        b"\x00",
        b"\xff\xfe",
        b"\x1b$B",
        b"; dmarc=pass",
        b"attachment; filename=",
    ]
)
VALUES = st.lists(st.one_of(PIECES, st.binary(max_size=8)), max_size=8).map(b"".join)
FIELDS = st.tuples(NAMES, VALUES).map(lambda field: field[0] + b": " + field[1] + b"\r\n")
BODY_LINES = st.binary(max_size=30) | st.sampled_from(
    [
        b"--b",
        b"--b--",
        b"",
        b"> quoted",
        b"On 1 Jan 2026, a wrote:",
        b"begin 644 x",
        b"M",
        b"<b></p><div>",
        b"Content-Type: text/html; charset=x",
        b"From: a",
        b"To: b",
        b"Date: c",
        b"-----Original Message-----",
        b"Final-Recipient: rfc822; a@b",
        b"METHOD:REQUEST",
        b"--",
        REPLY_MARKER.encode(),
    ]
)
BODIES = st.lists(BODY_LINES, max_size=25).map(b"\r\n".join)
MAILS = st.tuples(st.lists(FIELDS, max_size=10).map(b"".join), BODIES).map(b"\r\n".join)
LIMITS = Limits(raw_bytes=20_000, header_bytes=2_000, depth=4, parts=10, headers=20)


def use_everything(raw: bytes, parsed: ParsedMail) -> None:
    classify(parsed)
    authenticate(parsed, "b")
    new_part(parsed.text, parsed.html, parsed.subject)
    subject_numbers(strip_reply_prefixes(parsed.subject))
    sanitise_html(parsed.html or "")
    dict(parsed.headers)
    for attachment, content in extract_attachments(raw, LIMITS):
        assert len(content) == attachment.size
        assert extract_attachment(raw, attachment.index, LIMITS) == content
        assert attachment.filename
        assert "/" not in attachment.filename
    texts = [parsed.subject, parsed.text, parsed.html or "", str(parsed.sender)]
    for text in [*texts, *(each.filename for each in parsed.attachments)]:
        assert "\x00" not in text
        text.encode()  # no lone surrogate may reach a database


@pytest.mark.parametrize("make", [st.binary(max_size=2_000), MAILS], ids=["bytes", "mails"])
def test_any_bytes_end_as_a_mail_or_in_quarantine(make: st.SearchStrategy[bytes]) -> None:
    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(raw=make)
    def check(raw: bytes) -> None:
        try:
            parsed = parse_mail(raw, LIMITS)
        except QuarantineError:
            return
        use_everything(raw, parsed)

    check()


@settings(max_examples=200, deadline=None)
@given(lines=st.lists(st.text(max_size=40) | st.sampled_from(["> a", "wrote:", ""]), max_size=30))
def test_new_and_cut_part_together_are_the_whole_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    part = new_part(text)
    pieces = [part.cut, part.text] if part.rule == "bottom" else [part.text, part.cut]
    assert "\n".join(pieces).split() == text.split() or not part.cut


@settings(max_examples=100, deadline=None)
@given(words=st.text(max_size=60), name=st.text(max_size=30), content=st.binary(max_size=50))
def test_any_words_can_be_sent_and_come_back_unharmed(
    words: str, name: str, content: bytes
) -> None:
    raw = build_message(
        OutgoingSpec(
            from_address="support@msp.example",
            from_name=name,
            subject=words,
            text=words,
            html=words,
            message_id="<m@msp.example>",
            to=[(name, "jane@customer.example")],
            attachments=[OutgoingAttachment(name, "application/pdf", content)],
        )
    )
    parsed = parse_mail(raw)
    assert parsed.sender is not None
    assert parsed.sender.email == "support@msp.example"
    assert [each.email for each in parsed.to] == ["jane@customer.example"]
    assert extract_attachment(raw, 0) == content
    assert parsed.message_id == "<m@msp.example>"
