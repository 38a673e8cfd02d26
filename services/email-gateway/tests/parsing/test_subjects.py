"""Ticket numbers in subjects and comparison without reply prefixes."""

import re

import pytest

from email_gateway.parsing.subjects import same_subject, strip_reply_prefixes, subject_numbers


@pytest.mark.covers("S2-106")
@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("Re: Ticket [0500-1000] printer", ["0500-1000"]),
        ("[Ticket 0500-1000]", ["0500-1000"]),
        ("[0500-1000] and [0500-1001] and [0500-1000]", ["0500-1000", "0500-1001"]),
        ("0500-1000 without brackets", []),
        ("[500-1000] [05000-1000] [0500-10000]", []),
        ("", []),
    ],
)
def test_ticket_numbers_are_found_in_square_brackets_only(subject: str, numbers: list[str]) -> None:
    assert subject_numbers(subject) == numbers


@pytest.mark.covers("S2-106")
def test_the_pattern_is_configurable() -> None:
    assert subject_numbers("Re: #4711 broken", re.compile(r"#(\d+)")) == ["4711"]
    assert subject_numbers("Re: T-4711", re.compile(r"T-\d+")) == ["T-4711"]


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Printer",
        "RE: AW: Printer",
        "SV: VS: Printer",
        "Fwd: WG: Printer",
        "Re[2]: Printer",
        "Re (3): Printer",
        "Rif: Odp: Printer",
        "Antw: Printer",
        "回复\uff1aPrinter",
        "Отв: Printer",
        "[EXTERNAL] Re:   Printer",
    ],
)
def test_reply_prefixes_of_many_languages_are_stripped(subject: str) -> None:
    assert strip_reply_prefixes(subject) == "Printer"
    assert same_subject(subject, "printer")


@pytest.mark.parametrize("subject", ["Printer", "Reboot: now", "Internet: slow", "Re:", "A: b"])
def test_ordinary_words_with_a_colon_are_no_prefix(subject: str) -> None:
    assert strip_reply_prefixes(subject) == subject
