"""Outgoing mail: what recipients see, and what nobody can inject."""

import email
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from email_gateway.parsing import build
from email_gateway.parsing.build import OutgoingAttachment, OutgoingSpec, build_message
from email_gateway.parsing.mail import extract_attachment, parse_mail
from email_gateway.parsing.reply import REPLY_MARKER


def spec(**changes: object) -> OutgoingSpec:
    values: dict[str, object] = {
        "from_address": "support@msp.example",
        "subject": "Re: Printer [0500-1000]",
        "text": "Grüße\n",
        "message_id": "<pb.x@msp.example>",
        "to": [("Jane Doe", "jane@customer.example")],
    }
    return OutgoingSpec(**(values | changes))  # type: ignore[arg-type]


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.covers("S2-112", "S2-104", "S2-111")
def test_the_employee_is_named_before_the_support_address() -> None:
    parsed = parse_mail(build_message(spec(from_name="Jörg Müller")))
    assert parsed.sender is not None
    assert (parsed.sender.name, parsed.sender.email) == ("Jörg Müller", "support@msp.example")


@pytest.mark.covers("S2-113")
def test_answers_go_to_the_support_address() -> None:
    raw = build_message(spec(reply_to="support+token@msp.example"))
    assert [each.email for each in parse_mail(raw).reply_to] == ["support+token@msp.example"]


@pytest.mark.parametrize("evil", ["x\r\nBcc: v@x.example", "x\nBcc: v@x.example", "x\u2028Bcc: v"])
def test_no_field_can_add_a_header(evil: str) -> None:
    raw = build_message(
        spec(
            subject=evil,
            from_name=evil,
            to=[(evil, "jane@customer.example"), ("", f"a@b.example{evil}")],
            in_reply_to=f"<{evil}@x>",
            references=[f"<{evil}@x>"],
            attachments=[OutgoingAttachment(evil, f"text/plain{evil}", b"x", True, evil)],
        )
    )
    message = read(raw)
    assert "Bcc" not in message
    assert not any("Bcc" in part for part in message.walk())
    assert "In-Reply-To" not in message


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "plain\n.\nFrom here on\n", "automatic": True, "in_reply_to": "<a@b>"},
        {"text": "no end", "from_name": "Doe, Jane (desk)", "reply_to": "support+t@msp.example"},
        {"text": "Grüße \n\tund = so \n" + "lang " * 300, "references": ["<a@b>", "<c@d>"]},
        {"text": "x" * 2_000, "cc": [("", "a.b@c.example"), ("Tom", "tom@d.example")]},
        {"text": "", "automatic": True},
    ],
)
def test_a_plain_mail_reads_as_the_library_would_have_written_it(changes: dict[str, Any]) -> None:
    plain = spec(**changes)
    quick = build._quick(plain)
    assert quick is not None
    assert all(len(line) <= 998 for line in quick.split(b"\r\n"))
    assert b"\n" not in quick.replace(b"\r\n", b"")
    ours, theirs = read(quick), read(build._with_library(plain))
    assert not ours.defects
    assert ours.get_content() == theirs.get_content()
    encoding = {"content-transfer-encoding", "date"}
    assert {(k, v) for k, v in ours.items() if k.lower() not in encoding} == {
        (k, v) for k, v in theirs.items() if k.lower() not in encoding
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Grüße"},
        {"subject": "=?utf-8?q?x?="},
        {"subject": ""},
        {"from_name": 'the "desk"'},
        {"to": [("", "a..b@c.example")]},
        {"to": [("", "a@[127.0.0.1]")]},
        {"to": [("x", "a" * 65 + "@c.example")]},
        {"to": [("x" * 100, "a@c.example")] * 20},
        {"to": []},
        {"html": "<p>x</p>"},
    ],
)
def test_whatever_needs_more_care_is_left_to_the_library(changes: dict[str, Any]) -> None:
    assert build._quick(spec(**changes)) is None
    build_message(spec(**changes))


def test_malformed_identifiers_are_refused() -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        build_message(spec(message_id="<a@b>\r\nBcc: x@y.example"))
    with pytest.raises(ValueError, match="address"):
        build_message(spec(from_address="support"))


def test_text_html_inline_image_and_file_arrive_as_they_were() -> None:
    files = [
        OutgoingAttachment("Übersicht.pdf", "application/pdf", b"PDF\r\n\x00"),
        OutgoingAttachment("logo.png", "image/png", b"PNG", inline=True, content_id="logo"),
        OutgoingAttachment("old.eml", "message/rfc822", b"Subject: old\n\nx"),
    ]
    raw = build_message(spec(html='<p>Grüße <img src="cid:logo"></p>', attachments=files))
    parsed = parse_mail(raw)
    assert parsed.text == f"{REPLY_MARKER}\n\nGrüße\n"
    assert "cid:logo" in (parsed.html or "")
    found = {each.filename: extract_attachment(raw, each.index) for each in parsed.attachments}
    assert found == {each.filename: each.content for each in files}
    assert next(each for each in parsed.attachments if each.content_id == "logo").inline


def test_people_get_a_marker_and_machines_get_the_marks_of_rfc_3834() -> None:
    personal, automatic = read(build_message(spec())), read(build_message(spec(automatic=True)))
    assert REPLY_MARKER in personal.get_content()
    assert "Auto-Submitted" not in personal
    assert REPLY_MARKER not in automatic.get_content()
    assert automatic["Auto-Submitted"] == "auto-generated"
    assert automatic["X-Auto-Response-Suppress"] == "All"
    answer = read(build_message(spec(automatic=True, in_reply_to="<q@customer.example>")))
    assert answer["Auto-Submitted"] == "auto-replied"
    assert personal["X-Patchbay-Loop"] == automatic["X-Patchbay-Loop"] == "1"


def test_the_marker_goes_into_the_body_of_an_html_document() -> None:
    raw = build_message(spec(html="<html><head></head><body class='x'>Hi</body></html>"))
    assert f"<body class='x'><p>{REPLY_MARKER}</p>Hi" in (parse_mail(raw).html or "")


def test_long_threads_keep_the_root_and_the_newest_references() -> None:
    raw = build_message(spec(references=[f"<{number}@x.example>" for number in range(60)]))
    references = parse_mail(raw).references
    assert len(references) == 20
    assert (references[0], references[-1]) == ("<0@x.example>", "<59@x.example>")


def test_a_mail_to_hidden_recipients_shows_none() -> None:
    message = read(build_message(spec(to=[])))
    assert str(message["To"]) == "undisclosed-recipients:;"


def test_every_line_is_seven_bit_and_ends_with_crlf() -> None:
    raw = build_message(spec(from_name="Jörg", subject="Grüße " * 40, text="ü" * 5_000))
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert parse_mail(raw).subject == ("Grüße " * 40).strip()
