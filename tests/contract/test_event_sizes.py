"""Big things never travel on the bus: the largest events stay under 256 kB."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from patchbay_contracts import (
    CatalogueDevice,
    CatalogueRefreshed,
    EmailReceived,
    Envelope,
    MailRef,
    registered,
)

ROOT = Path(__file__).parents[2]
LIMIT = 256 * 1024
NOW = datetime(2026, 9, 14, 6, 58, tzinfo=UTC)
# What each model's docstring and field descriptions allow.
CATALOGUE_RECORDS = 500
MAIL_TEXT = 64 * 1024


def _size(data: Any, subject: str) -> int:
    envelope = Envelope[type(data)](  # type: ignore[misc]  # parametrised at run time
        id="0" * 36,
        source=f"/services/{data.publisher}",
        type=data.event_type,
        subject=subject,
        time=NOW,
        aggregateversion=1,
        data=data,
    )
    return len(envelope.model_dump_json(exclude_none=True).encode())


def test_the_examples_are_small() -> None:
    for event_type in registered():
        example = ROOT / f"libs/contracts/examples/{event_type}.json"
        assert len(json.dumps(json.loads(example.read_text("utf-8")))) < 4096


def test_a_full_part_of_a_catalogue_fits() -> None:
    device = CatalogueDevice(
        remote_device_id="9" * 36,
        remote_site_id="9" * 36,
        name="d" * 63,
        serial_number="s" * 24,
        manufacturer="m" * 32,
        model="m" * 32,
        attributes={"os": "o" * 48, "ip": "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
    )
    part = CatalogueRefreshed(
        connection_id="0" * 36,
        provider="continuum",
        kind="devices",
        snapshot=1,
        part=1,
        parts=1,
        taken_at=NOW,
        devices=[device] * CATALOGUE_RECORDS,
    )
    assert _size(part, "x" * 300) < LIMIT


def test_a_mail_with_the_longest_text_fits() -> None:
    mail = EmailReceived(
        mail=MailRef(mail_id="0" * 36, message_id="m" * 998, received_at=NOW),
        via="imap",
        subject="s" * 998,
        text="t" * MAIL_TEXT,
        new_text="n" * MAIL_TEXT,
        references=["r" * 998] * 20,
    )
    assert _size(mail, "0" * 36) < LIMIT
