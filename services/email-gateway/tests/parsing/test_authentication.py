"""Only the receiving host's own word on the sender counts."""

import pytest

from email_gateway.parsing.authentication import authenticate
from email_gateway.parsing.mail import parse_mail

HOST = "mx.msp.example"


def verdict(*fields: str, sender: str = "From: jane@customer.example", host: str = HOST) -> str:
    lines = "".join(f"Authentication-Results: {field}\n" for field in fields)
    return authenticate(parse_mail(f"{lines}{sender}\n\nx".encode()), host).verdict


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("mx.msp.example; dmarc=pass header.from=customer.example", "pass"),
        ("MX.msp.example 1; spf=fail; dkim=fail; dmarc=pass (p=none)", "pass"),
        ("mx.msp.example; dkim=pass header.d=customer.example; dmarc=fail", "fail"),
        ("mx.msp.example; dkim=pass header.d=customer.example", "pass"),
        ("mx.msp.example; dkim=pass header.i=@mail.customer.example", "none"),
        ("mx.msp.example; dkim=pass header.d=evil.example", "none"),
        ("mx.msp.example; dkim=pass header.d=example", "none"),
        ("mx.msp.example; spf=pass smtp.mailfrom=bounce@customer.example", "pass"),
        ("mx.msp.example; spf=pass smtp.mailfrom=bounce@esp.example", "none"),
        ("mx.msp.example; spf=softfail smtp.mailfrom=customer.example; dkim=none", "fail"),
        ("mx.msp.example; none", "none"),
        ("mx.msp.example; (dmarc=pass) dmarc=fail", "fail"),
        ("mx.msp.example (comment; dmarc=pass); dmarc=none", "none"),
        ("mx.evil.example; dmarc=pass", "unknown"),
        ("", "unknown"),
        ("((((((((", "unknown"),
    ],
)
def test_the_verdict_follows_dmarc_and_alignment(field: str, expected: str) -> None:
    assert verdict(field) == expected


def test_only_the_top_most_field_counts() -> None:
    assert verdict("mx.msp.example; dmarc=fail", "mx.msp.example; dmarc=pass") == "fail"
    assert verdict("other.example; dmarc=fail", "mx.msp.example; dmarc=pass") == "unknown"


@pytest.mark.parametrize(
    "sender",
    [
        "From: a@customer.example\nFrom: boss@msp.example",
        "From: a@customer.example, boss@msp.example",
    ],
)
def test_a_mail_of_several_authors_has_no_verdict(sender: str) -> None:
    assert verdict("mx.msp.example; dmarc=pass", sender=sender) == "unknown"


def test_without_configuration_field_or_sender_nothing_is_known() -> None:
    assert verdict("mx.msp.example; dmarc=pass", host="") == "unknown"
    assert verdict() == "unknown"
    assert verdict("mx.msp.example; dmarc=pass", sender="Reply-To: a@b.example") == "unknown"
