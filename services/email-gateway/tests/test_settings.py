"""Unsafe or impossible settings stop the start with one line that names the setting."""

from pathlib import Path
from typing import Any

import pytest

from email_gateway.settings import EmailSettings
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.settings import load_settings

SAFE: dict[str, Any] = {
    "env": "production",
    "database_url": "sqlite+aiosqlite:///mail.db",
    "bus_url": "embedded:///bus.db",
    "secret_key": "x" * 32,
    "blob_dir": Path("blobs"),
    "support_address": "support@msp.example",
    "smtp_host": "smtp.msp.example",
}


def load(**changes: Any) -> EmailSettings:
    return load_settings(EmailSettings, **{**SAFE, **changes})


def test_safe_settings_are_taken() -> None:
    assert load().smtp_tls == "starttls"


@pytest.mark.covers("S4-30", "S4-34", "S4-36")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"smtp_host": None}, "PATCHBAY_SMTP_HOST"),
        ({"smtp_host": "127.0.0.1"}, "PATCHBAY_SMTP_HOST"),
        ({"smtp_host": "localhost"}, "PATCHBAY_SMTP_HOST"),
        ({"smtp_host": "[::1]"}, "PATCHBAY_SMTP_HOST"),
        ({"smtp_host": "10.1.2.3"}, "PATCHBAY_SMTP_HOST"),
        ({"smtp_host": "169.254.169.254"}, "PATCHBAY_SMTP_HOST"),
        ({"smtp_port": 0}, "PATCHBAY_SMTP_PORT"),
        ({"smtp_tls": "maybe"}, "PATCHBAY_SMTP_TLS"),
        ({"smtp_username": "mailer"}, "PATCHBAY_SMTP_PASSWORD"),
        ({"smtp_password": "secret-9"}, "PATCHBAY_SMTP_PASSWORD"),
        (
            {"smtp_tls": "none", "smtp_username": "mailer", "smtp_password": "secret-9"},
            "PATCHBAY_SMTP_TLS",
        ),
        ({"smtp_timeout": 0}, "PATCHBAY_SMTP_TIMEOUT"),
        ({"support_address": "support@localhost"}, "PATCHBAY_SUPPORT_ADDRESS"),
        ({"support_address": "support"}, "PATCHBAY_SUPPORT_ADDRESS"),
        ({"support_address": "a@b.example\nBcc: x@y.example"}, "PATCHBAY_SUPPORT_ADDRESS"),
        ({"blob_dir": None}, "PATCHBAY_BLOB_DIR"),
        ({"mail_max_bytes": 1}, "PATCHBAY_MAIL_MAX_BYTES"),
        ({"smtp_listen_port": 70_000}, "PATCHBAY_SMTP_LISTEN_PORT"),
        ({"smtp_listen_protocol": "uucp"}, "PATCHBAY_SMTP_LISTEN_PROTOCOL"),
        ({"outgoing": "pigeon"}, "PATCHBAY_OUTGOING"),
    ],
)
def test_an_unsafe_value_is_refused_in_one_line(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(**changes)
    assert str(refused.value).startswith(named)
    assert "\n" not in str(refused.value)
    assert "secret-9" not in str(refused.value)


def test_a_private_mail_server_needs_the_switch() -> None:
    assert load(smtp_host="10.1.2.3", allow_private_targets=True).smtp_host == "10.1.2.3"
    assert load(smtp_host="mailpit").smtp_host == "mailpit"


def test_caught_mail_needs_no_server() -> None:
    assert load(smtp_host=None, outgoing="catch").smtp_host is None
