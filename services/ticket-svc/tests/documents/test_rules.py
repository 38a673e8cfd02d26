"""Names and kinds of files that somebody sends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_svc.documents.rules import MAX_NAME, OCTETS, clean_name, disposition, media_type_of


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("offer.pdf", "offer.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\offer.pdf", "offer.pdf"),
        ("a\r\nb: c.txt", "a b: c.txt"),
        ("\x07bell\u202egnp.exe", "bellgnp.exe"),
        ("  .htaccess. ", "htaccess"),
        ("Angebot für Köln.pdf", "Angebot für Köln.pdf"),
        ("..", ""),
        ("/", ""),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_name_loses_its_path_and_what_cannot_be_seen(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


@settings(max_examples=100)
@given(st.text())
def test_any_name_is_safe_to_show_and_to_send_in_a_header(name: str) -> None:
    kept = clean_name(name)
    assert len(kept) <= MAX_NAME
    assert clean_name(kept) == kept
    assert not set(kept) & set("/\\\r\n\x00")
    header = disposition(kept)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n...", "evil.html", "image/png"),
        (b"%PDF-1.7", "x", "application/pdf"),
        (b"RIFF\x00\x00\x00\x00WEBP", "x", "image/webp"),
        (b"PK\x03\x04", "x.zip", "application/zip"),
        (
            b"PK\x03\x04",
            "x.DOCX",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"a;b\n", "x.csv", "text/csv; charset=utf-8"),
        (b"<script>alert(1)</script>", "x.html", "text/plain; charset=utf-8"),
        (b"<svg onload='x'/>", "x.svg", "text/plain; charset=utf-8"),
        ("Köln".encode(), "x.txt", "text/plain; charset=utf-8"),
        ("Köln".encode("latin-1"), "x.txt", OCTETS),
        (b"MZ\x90\x00", "x.txt", OCTETS),
    ],
)
def test_the_kind_is_read_off_the_content_and_is_nothing_that_a_browser_runs(
    content: bytes, name: str, expected: str
) -> None:
    assert media_type_of(content, name) == expected
