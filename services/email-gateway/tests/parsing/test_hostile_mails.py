"""Mails built to hurt: each ends in time, as a mail or in quarantine (email.md 4.1)."""

import time
from collections.abc import Callable

import pytest

from email_gateway.parsing.automation import classify
from email_gateway.parsing.html import html_to_text, sanitise_html
from email_gateway.parsing.limits import Limits, QuarantineError, QuarantineReason
from email_gateway.parsing.mail import parse_mail
from email_gateway.parsing.reply import new_part

# Seconds of work: left to `make test`.
pytestmark = pytest.mark.slow

HEAD = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n"
MEGABYTES_25 = 25 * 1024 * 1024 - 4096
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
# The bar is 1 s on a quiet core; loaded machines get room.
CPU_SECONDS = 3.0


def nested(count: int, kind: bytes) -> bytes:
    parts = [HEAD]
    for number in range(count):
        if kind == b"multipart":
            line = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n'
            parts.append(line % (number, number))
        else:
            parts.append(b"Content-Type: message/rfc822\r\n\r\n")
    return b"".join(parts) + b"\r\nhi"


def field(name: bytes, value: bytes) -> bytes:
    return name + b": " + value + b"\r\n\r\nx"


# Built when needed: together they are some hundred megabytes.
HOSTILE: dict[str, Callable[[], bytes]] = {
    "encoded words": lambda: field(b"Subject", b"=?utf-8?q?a?= " * 18_000),
    "unfinished encoded words": lambda: field(b"Subject", b"=?utf-8?q?a" * 18_000),
    "marks of encoded words": lambda: field(b"Subject", b"=?" * 120_000),
    "base64 words of one letter": lambda: field(b"Subject", b"=?utf-8?b?a?= " * 18_000),
    "long subject": lambda: field(b"Subject", b"x" * 250_000),
    "5,000 senders": lambda: field(b"From", b", ".join(b"a%d@b.example" % n for n in range(5_000))),
    "parentheses": lambda: field(b"From", b"(" * 100_000),
    "escaped quotes": lambda: field(b"From", b'"' + b'\\"' * 100_000),
    "quotes": lambda: field(b"To", b'"' * 200_001),
    "angle brackets": lambda: field(b"To", b"<" * 200_001),
    "colons": lambda: field(b"To", b"a@b" + b":" * 200_001),
    "quoted pieces": lambda: field(b"To", b'"a"' * 80_000),
    "at signs": lambda: field(b"From", b"a@" * 120_000),
    "20,000 parameters": lambda: (
        HEAD
        + field(b"Content-Type", b"text/plain" + b"".join(b"; a%d=b" % n for n in range(15_000)))
    ),
    "continuation lines": lambda: b"Subject: x" + b"\n a" * 80_000 + b"\n\nx",
    "stray lines": lambda: b"Subject: x\n" + b"zz\n" * 80_000 + b"To: a@b\n\nx",
    "carriage returns in a field": lambda: field(b"Subject", b"\r" * 250_000 + b"x"),
    "semicolons": lambda: (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        + (b"--b\r\nContent-Type: text/plain" + b"; " * 8_000 + b"\r\n\r\nx\r\n") * 200
    ),
    "words in no encoding": lambda: field(b"Subject", b"=?a?x? " * 35_000 + b"?="),
    "a line of dashes in a bounce": lambda: (
        b"From: mailer-daemon@b.example\r\nSubject: failure notice\r\n\r\n"
        + b"This is to say that a user unknown here has no mailbox.\r\n"
        + b"-" * 19_000
    ),
    "a border that never ends": lambda: HEAD + b"\r\nhi\r\n--reply" + b" " * 1_900_000 + b"x",
    "a field name that never ends": lambda: HEAD + b"\r\nhi\r\nfrom" + b" " * 1_900_000 + b"x",
    "references": lambda: field(b"References", b"<a" * 80_000),
    "date": lambda: field(b"Date", b"1 " * 100_000),
    "empty lines": lambda: HEAD + b"\r\n" + b"\n" * MEGABYTES_25,
    "delimiter look-alikes": lambda: (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"--bx\n" * (MEGABYTES_25 // 5)
    ),
    "undecodable bytes": lambda: HEAD + b"\r\n" + b"\xc3\xa4\xff" * (MEGABYTES_25 // 3),
    "uuencode": lambda: (
        HEAD + b"Content-Transfer-Encoding: uuencode\r\n\r\n" + b"M\n" * (MEGABYTES_25 // 2)
    ),
    "open brackets": lambda: HTML + b"<" * MEGABYTES_25,
    "nested divs": lambda: HTML + b"<div>" * (MEGABYTES_25 // 5),
    "mismatched tags": lambda: HTML + b"<b></p>" * (MEGABYTES_25 // 7),
    "formatting tags": lambda: (
        HTML + b"".join(b"<font size=%d>" % n for n in range(1_400)) + b"<p>x" * 200_000
    ),
    "comments": lambda: HTML + b"<!--" * (MEGABYTES_25 // 4),
    "attributes": lambda: HTML + b"<p " + b" a=b" * (MEGABYTES_25 // 4) + b">",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_ends_in_time(name: str) -> None:
    raw = HOSTILE[name]()
    start = time.process_time()
    try:
        parsed = parse_mail(raw)
        classify(parsed)
        new_part(parsed.text, parsed.html, parsed.subject)
        sanitise_html(parsed.html or "")
    except QuarantineError:
        pass
    assert time.process_time() - start < CPU_SECONDS


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"x" * 2_001, QuarantineReason.RAW_TOO_LARGE),
        (b"Subject: " + b"x" * 1_001 + b"\r\n\r\n", QuarantineReason.HEADER_TOO_LARGE),
        (b"x" * 1_500, QuarantineReason.HEADER_TOO_LARGE),
        (b"a:b\n" * 60 + b"\n", QuarantineReason.TOO_MANY_HEADERS),
        (
            b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n\n" * 30,
            QuarantineReason.TOO_MANY_PARTS,
        ),
        (
            b"".join(
                b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(9)
            ),
            QuarantineReason.TOO_DEEP,
        ),
    ],
)
def test_a_mail_over_a_limit_is_quarantined_with_the_reason(
    raw: bytes, reason: QuarantineReason
) -> None:
    limits = Limits(raw_bytes=2_000, header_bytes=1_000, headers=50, depth=5, parts=20)
    with pytest.raises(QuarantineError) as refused:
        parse_mail(raw, limits)
    assert refused.value.reason_code is reason
    assert refused.value.detail


@pytest.mark.parametrize("count", [2_000, 20_000])
def test_deep_nesting_is_quarantined_not_recursed_into(count: int) -> None:
    with pytest.raises(QuarantineError) as refused:
        parse_mail(nested(count, b"multipart"))
    assert refused.value.reason_code is QuarantineReason.TOO_DEEP


def test_nested_messages_are_one_attachment_and_never_opened() -> None:
    assert len(parse_mail(nested(2_000, b"message")).attachments) == 1


def test_fifty_thousand_parts_are_quarantined() -> None:
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 50_000
    with pytest.raises(QuarantineError) as refused:
        parse_mail(raw)
    assert refused.value.reason_code is QuarantineReason.TOO_MANY_PARTS


def test_long_texts_are_shortened_and_say_so() -> None:
    limits = Limits(text_chars=100, html_chars=50)
    parsed = parse_mail(HEAD + b"Content-Type: text/html\r\n\r\n<p>" + b"word " * 1_000, limits)
    assert parsed.html is not None
    assert (len(parsed.html), "html" in parsed.truncated) == (50, True)


def test_images_pasted_as_data_do_not_push_out_the_text() -> None:
    limits = Limits(html_chars=2_000)
    image = b'<img src="data:image/png;base64,' + b"A" * 50_000 + b'">'
    parsed = parse_mail(HTML + image + b"<p>the words</p>", limits)
    assert parsed.text == "the words"
    assert parsed.truncated == ()


def test_hopelessly_nested_html_keeps_its_words() -> None:
    html = "<div><b>" * 50_000 + "words &amp; more"
    assert "words & more" in html_to_text(html)
    assert sanitise_html(html).startswith("<pre>")
