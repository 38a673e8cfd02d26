"""Synthetic mails, one per trap that real senders set."""

import base64
from datetime import UTC, datetime

import pytest

from email_gateway.parsing.addresses import Address
from email_gateway.parsing.mail import extract_attachment, parse_mail
from email_gateway.parsing.model import ParsedMail

HEAD = b"From: Jane <jane@customer.example>\r\nTo: support@msp.example\r\n"


def mail(*headers: bytes, body: bytes = b"Hello") -> ParsedMail:
    return parse_mail(HEAD + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body)


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        (b"=?iso-8859-1?q?=80_and_=A4?=", "€ and ¤"),
        (b"Re: =?utf-8?q?a?= =?utf-8?q?b?= c", "Re: ab c"),
        (b"=?utf-8?B?w?=\r\n =?utf-8?B?7w=?=", "ü"),
        (b"=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
        (b"=?gb2312?B?xOO6w5+d?=", "你好煗"),
        (b"=?x-no-such-charset?Q?=C3=BC?=", "ü"),
        (b"raw \xf6 latin", "raw ö latin"),
        (b"raw \xc3\xb6 utf-8", "raw ö utf-8"),
        (b"\x1b$B%F%9%H\x1b(B", "テスト"),
        (b"folded\r\n\t subject", "folded subject"),
        (b"=?utf-8?Q?unfinished", "=?utf-8?Q?unfinished"),
        (b"=?utf-8*en?Q?language?=", "language"),
        (b"=?utf-8?Q?with spaces inside?=", "with spaces inside"),
        (b"nul \x00 and \x07 bell", "nul and bell"),
        (b"", ""),
    ],
)
def test_subjects_are_readable_whatever_the_sender_did(raw: bytes, subject: str) -> None:
    assert mail(b"Subject: " + raw).subject == subject


@pytest.mark.parametrize(
    ("raw", "name", "email"),
    [
        (b"jane@customer.example", "", "jane@customer.example"),
        (b"<jane@customer.example>", "", "jane@customer.example"),
        (b'"Doe, Jane" <jane@CUSTOMER.example>', "Doe, Jane", "jane@customer.example"),
        (b"jane@customer.example (Jane Doe)", "Jane Doe", "jane@customer.example"),
        (b"=?utf-8?q?J=C3=A4ne?= <jane@customer.example>", "Jäne", "jane@customer.example"),
        (b'"=?utf-8?q?J=C3=A4ne=2C_D?=" <j@customer.example>', "Jäne, D", "j@customer.example"),
        (b"=?utf-8?Q?D=C3=B6e,_Jane?= <j@customer.example>", "Döe, Jane", "j@customer.example"),
        (b"J\xe4ne <jane@customer.example>", "Jäne", "jane@customer.example"),
        (b"mailto:jane@customer.example", "", "jane@customer.example"),
        (b"Jane <mailto:jane@customer.example>", "Jane", "jane@customer.example"),
        (b"Jane jane@customer.example", "Jane", "jane@customer.example"),
        (b"jane@customer.example <jane@customer.example>", "", "jane@customer.example"),
        (b'"Jane" <>, <j@customer.example>', "", "j@customer.example"),
        (b"=?utf-8?q?Jane_=3Cj=40customer=2Eexample=3E?=", "Jane", "j@customer.example"),
        (b'"unclosed <jane@customer.example>', "unclosed", "jane@customer.example"),
        (b'"a\\" <jane@customer.example>', "a", "jane@customer.example"),
        (b"Desk: A <a@customer.example>", "Desk: A", "a@customer.example"),
        (b"j@[192.0.2.1]", "", "j@[192.0.2.1]"),
        (b"<MAILER-DAEMON>", "", "MAILER-DAEMON"),
    ],
)
def test_senders_are_found_in_odd_from_fields(raw: bytes, name: str, email: str) -> None:
    parsed = parse_mail(b"From: " + raw + b"\r\n\r\nx")
    assert parsed.sender == Address(name, email)
    assert parsed.sender_source == "from"


@pytest.mark.parametrize(
    ("headers", "source"),
    [
        (b"Reply-To: a@b.example\r\nSender: c@d.example\r\n", "reply-to"),
        (b"From: nobody here\r\nReturn-Path: <a@b.example>\r\n", "return-path"),
        (b"From: \r\nSender: a@b.example\r\n", "sender"),
    ],
)
def test_the_sender_falls_back_when_from_is_unusable(headers: bytes, source: str) -> None:
    parsed = parse_mail(headers + b"\r\nx")
    assert parsed.sender == Address("", "a@b.example")
    assert parsed.sender_source == source


def test_a_mail_without_any_sender_is_still_read() -> None:
    parsed = parse_mail(b"Subject: x\r\n\r\nbody")
    assert parsed.sender is None
    assert (parsed.subject, parsed.text) == ("x", "body")


def test_recipients_of_repeated_fields_and_groups_are_collected_once() -> None:
    parsed = parse_mail(
        b"To: A <a@x.example>, Team: b@x.example, c@x.example;\r\nTo: A <a@x.example>\r\n"
        b"Cc: undisclosed-recipients:;\r\nDelivered-To: support+tok@msp.example\r\n\r\n"
    )
    assert [address.email for address in parsed.to] == ["a@x.example", "b@x.example", "c@x.example"]
    assert parsed.cc == ()
    assert parsed.delivered_to == ("support+tok@msp.example",)


def test_a_missing_message_id_is_made_from_the_content() -> None:
    first, again, other = mail(body=b"one"), mail(body=b"one"), mail(body=b"two")
    assert first.message_id_synthesised
    assert first.message_id == again.message_id != other.message_id
    assert first.message_id == f"<sha256-{first.sha256}@hash.patchbay.invalid>"


def test_thread_headers_survive_folding_and_missing_brackets() -> None:
    parsed = mail(
        b"Message-ID: <long\r\n id@x.example>",
        b"In-Reply-To: Your message of Monday <a@x.example>",
        b"References: <r1@x.example>\r\n\t<r2@x.example> <r1@x.example>",
    )
    assert parsed.message_id == "<longid@x.example>"
    assert parsed.in_reply_to == ("<a@x.example>",)
    assert parsed.references == ("<r1@x.example>", "<r2@x.example>")
    assert mail(b"In-Reply-To: bare@x.example").in_reply_to == ("<bare@x.example>",)


def test_long_reference_lists_keep_the_root_and_the_newest() -> None:
    ids = " ".join(f"<{number}@x.example>" for number in range(150))
    parsed = mail(b"References: " + ids.encode())
    assert len(parsed.references) == 100
    assert parsed.references[0] == "<0@x.example>"
    assert parsed.references[-1] == "<149@x.example>"
    assert parsed.truncated == ("references",)


@pytest.mark.parametrize(
    ("raw", "date"),
    [
        (b"Fri, 20 Nov 2026 11:00:00 +0100", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (b"20 Nov 2026 11:00 GMT", datetime(2026, 11, 20, 11, tzinfo=UTC)),
        (b"Fri, 99 Nov 2026 11:00:00 +0100", None),
        (b"yesterday", None),
        (b"Fri, 20 Nov 99999999999 11:00:00 +9999", None),
    ],
)
def test_dates_are_utc_or_nothing(raw: bytes, date: datetime | None) -> None:
    assert mail(b"Date: " + raw).date == date


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ((b"Content-Type: text/plain; charset=utf-8",), "Grüße".encode(), "Grüße"),
        ((b"Content-Type: text/plain; charset=us-ascii",), "Grüße".encode(), "Grüße"),
        ((b"Content-Type: text/plain; charset=utf-8",), "Grüße".encode("latin-1"), "Grüße"),
        ((b'Content-Type: text/plain; charset="utf-16"',), b"ascii", "ascii"),
        ((b"Content-Type: text/plain; charset=rot13",), b"uryyb", "uryyb"),
        ((b"Content-Type: text/plain; charset=\x00",), b"x", "x"),
        ((b"Content-Transfer-Encoding: base64",), b"SGVsbG8", "Hello"),
        ((b"Content-Transfer-Encoding: base64",), b"SGVs!bG8=\r\n-- \r\nlist footer", "Hello"),
        ((b"Content-Transfer-Encoding: QUOTED-PRINTABLE",), b"a=\r\nb =3D= \r\nc", "ab =c"),
        ((b"Content-Transfer-Encoding: x-unknown",), b"as it is", "as it is"),
        ((b"Content-Type: nonsense",), b"still text", "still text"),
        ((), b"line\r\nend\rings\n", "line\nend\nings\n"),
        ((), b"nul\x00byte", "nulbyte"),
    ],
)
def test_body_text_is_readable(headers: tuple[bytes, ...], body: bytes, text: str) -> None:
    assert mail(*headers, body=body).text == text


def test_a_few_broken_bytes_do_not_spoil_a_utf8_text() -> None:
    body = "Grüße aus Köln, ".encode() * 5 + b"\xe4 und \xc3"
    text = mail(b"Content-Type: text/plain; charset=utf-8", body=body).text
    assert text == "Grüße aus Köln, " * 5 + "ä und Ã"


def multipart(kind: bytes, *parts: bytes, close: bool = True) -> ParsedMail:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    end = b"--b--\r\n" if close else b""
    return mail(b"Content-Type: multipart/" + kind + b'; boundary="b"', body=body + end)


PLAIN = b"Content-Type: text/plain\r\n\r\nplain words"
HTML = b"Content-Type: text/html\r\n\r\n<p>html <b>words</b></p>"
PDF = (
    b'Content-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nUERG'
)


def test_an_alternative_gives_text_and_html_and_no_attachment() -> None:
    parsed = multipart(b"alternative", PLAIN, HTML)
    assert parsed.text == "plain words"
    assert parsed.html == "<p>html <b>words</b></p>"
    assert parsed.attachments == ()


def test_html_alone_is_turned_into_text() -> None:
    parsed = mail(
        b"Content-Type: text/html",
        body=b"<style>p{}</style><p>Hello<br>you</p><ul><li>one</li></ul>"
        b'<a href="https://x.example/">here</a>',
    )
    assert parsed.text == "Hello\nyou\n\n* one\nhere <https://x.example/>"


def test_an_empty_plain_form_gives_way_to_the_html_form() -> None:
    empty = b"Content-Type: text/plain\r\n\r\n  \r\n"
    assert multipart(b"alternative", empty, HTML).text == "html words"


def test_a_text_that_is_named_is_still_the_text_when_it_comes_first() -> None:
    assert mail(b'Content-Type: text/plain; name="body.txt"', body=b"words").text == "words"
    named = b'Content-Type: text/plain; name="log.txt"\r\n\r\nlog lines'
    parsed = multipart(b"mixed", PLAIN, named)
    assert parsed.text == "plain words"
    assert [each.filename for each in parsed.attachments] == ["log.txt"]


def test_text_around_an_attachment_is_kept_in_order() -> None:
    parsed = multipart(b"mixed", PLAIN, PDF, b"Content-Type: text/plain\r\n\r\nmore words")
    assert parsed.text == "plain words\nmore words"
    assert [each.filename for each in parsed.attachments] == ["a.pdf"]


def test_a_missing_closing_boundary_loses_nothing() -> None:
    parsed = multipart(b"mixed", PLAIN, PDF, close=False)
    assert parsed.text == "plain words"
    assert extract_attachment_of(parsed, 0) == b"PDF"


def extract_attachment_of(parsed: ParsedMail, index: int) -> bytes:
    body = b"--b\r\n" + PLAIN + b"\r\n--b\r\n" + PDF + b"\r\n"
    raw = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + body
    assert parsed.attachments[index].index == index
    return extract_attachment(raw, index)


def test_a_multipart_without_its_boundary_is_shown_as_text() -> None:
    parsed = mail(b'Content-Type: multipart/mixed; boundary="b"', body=b"just text")
    assert parsed.text == "just text"


def test_a_forgotten_boundary_parameter_is_guessed() -> None:
    body = b"--xyz\r\nContent-Type: text/plain\r\n\r\nwords\r\n--xyz--\r\n"
    assert mail(b"Content-Type: multipart/mixed", body=body).text == "words"


def test_a_forwarded_mail_is_an_attachment_byte_for_byte() -> None:
    inner = b"Subject: inner\r\n\r\n \xe4 body \r\nX"
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + PLAIN
    raw += b"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    (attachment,) = parse_mail(raw).attachments
    assert attachment.filename == "inner.eml"
    assert extract_attachment(raw, 0) == inner
    with pytest.raises(IndexError):
        extract_attachment(raw, 1)


@pytest.mark.parametrize(
    ("field", "filename"),
    [
        (b'attachment; filename="a b.pdf"', "a b.pdf"),
        (b"attachment; filename=a b.pdf", "a b.pdf"),
        (b"attachment; filename*=utf-8''%C3%BC.pdf", "ü.pdf"),
        (b"attachment; filename*0*=utf-8''%C3%BC-; filename*1=long; filename*2*=%20.pdf", None),
        (b'attachment; filename="=?utf-8?q?=C3=BC=2Epdf?="', "ü.pdf"),
        (b'attachment; filename="\xfc.pdf"', "ü.pdf"),
        (b'attachment; filename="../../etc/passwd"', "passwd"),
        (b'attachment; filename="C:\\Temp\\a.pdf"', "a.pdf"),
        (b'attachment; filename="a\xe2\x80\xaefdp.exe"', "a_fdp.exe"),
        (b'attachment; filename=".."', "attachment-1.bin"),
        (b"attachment", "attachment-1.bin"),
        (b'attachment; filename="' + b"x" * 500 + b'.pdf"', "x" * 196 + ".pdf"),
    ],
)
def test_attachment_names_are_decoded_and_harmless(field: bytes, filename: str | None) -> None:
    parsed = mail(
        b"Content-Type: application/octet-stream", b"Content-Disposition: " + field, body=b"x"
    )
    assert parsed.attachments[0].filename == (filename or "ü-long .pdf")


def test_inline_images_are_told_apart_by_their_content_id() -> None:
    image = b"Content-Type: image/png\r\nContent-ID: <i1@x>\r\n\r\nPNG"
    parsed = multipart(b"related", HTML, image)
    (attachment,) = parsed.attachments
    assert attachment.inline
    assert attachment.content_id == "i1@x"
    assert attachment.filename == "attachment-1.png"


def test_an_unreadable_winmail_dat_stays_an_attachment() -> None:
    part = b'Content-Type: application/ms-tnef; name="winmail.dat"\r\n\r\n\x78\x9f\x3e\x22garbage'
    (attachment,) = multipart(b"mixed", PLAIN, part).attachments
    assert attachment.filename == "winmail.dat"


def test_base64_pieces_padded_one_by_one_are_joined() -> None:
    body = base64.b64encode(b"a" * 20) + b"\r\n" + base64.b64encode(b"b" * 20)
    raw = HEAD + b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body
    assert extract_attachment(raw, 0) == b"a" * 20 + b"b" * 20


@pytest.mark.parametrize(
    "raw",
    [
        b"From a@b Mon Jan 1 00:00:00 2026\nFrom: a@b.example\nSubject: s\n\ntext",
        b"\r\n\r\nFrom: a@b.example\r\nSubject: s\r\n\r\ntext",
        b"\xef\xbb\xbfFrom: a@b.example\r\nSubject: s\r\n\r\ntext",
        b"From: a@b.example\rSubject: s\r\rtext",
        b"stray line\r\nFrom: a@b.example\r\nSubject: s\r\n\r\ntext",
        b"From: a@b.example\r\nSubject: s\r\ntext",
    ],
    ids=["mbox line", "blank lines first", "BOM", "CR only", "stray line", "no blank line"],
)
def test_damaged_header_blocks_are_read(raw: bytes) -> None:
    parsed = parse_mail(raw)
    assert (parsed.subject, parsed.text) == ("s", "text")
    assert parsed.sender == Address("", "a@b.example")


@pytest.mark.parametrize("raw", [b"", b"\n", b"\r\n\r\n", b":", b"\x00", b"just words"])
def test_nearly_nothing_is_a_mail_too(raw: bytes) -> None:
    assert parse_mail(raw).message_id_synthesised
