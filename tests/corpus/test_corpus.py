"""Every real mail that we have goes in and ends somewhere, with a reason; twice is once."""

import imaplib
import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from patchbay_kit.testing.reports import report
from patchbay_kit.testing.servers.dovecot import Dovecot, ImapAccount
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.corpus import (
    ABSENT,
    OUTCOMES,
    CorpusMail,
    corpus,
    deliver,
    introduce,
    ledger,
    table,
    wait_until_decided,
)
from patchbay_kit.testing.system.hub import Hub
from patchbay_kit.testing.waiting import wait_until

# The full proof (see tests/faults) sends it through a cluster as well.
FULL = int(os.environ.get("PATCHBAY_FAULT_ROUNDS", "0")) >= 20
FORMS = ["embedded", "cluster"] if FULL else ["embedded"]
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")


@pytest.fixture
def mails(request: pytest.FixtureRequest) -> tuple[CorpusMail, ...]:
    """The corpus; skips loudly where it is absent."""
    if not corpus():
        report(request, f"WARNING: {ABSENT}")
        warnings.warn(ABSENT, pytest.PytestWarning, stacklevel=1)
        pytest.skip(ABSENT)
    return corpus()


@pytest.fixture
def fresh_hub() -> Iterator[Hub]:
    """A hub that has seen no mail yet."""
    with Hub() as hub:
        yield hub


def effects(system: System) -> dict[str, int]:
    """What a mail could have done twice."""
    tables = {
        "email-gateway": ("received_mail", "outgoing_mail"),
        "ticket-svc": ("ticket", "history_entry", "mail_decision", "auto_answer"),
    }
    return {
        name: system.rows(service, f"SELECT count(*) AS n FROM {name}")[0]["n"]  # noqa: S608
        for service, names in tables.items()
        for name in names
    }


def check(entries: list[dict[str, Any]]) -> None:
    """Every mail ended somewhere, and says why."""
    odd = [each for each in entries if each["state"] not in OUTCOMES]
    assert not odd, odd[:3]
    silent = [each for each in entries if not each["reasons"]]
    assert not silent, silent[:3]
    homeless = [
        each for each in entries if each["state"] in ("created", "filed") and not each["ticket_id"]
    ]
    assert not homeless, homeless[:3]


@pytest.mark.parametrize("system", FORMS, indirect=True, scope="session")
@pytest.mark.timeout(400)
def test_all_mail_over_smtp_ends_with_a_reason_and_delivered_twice_is_one_effect(
    system: System, mails: tuple[CorpusMail, ...], request: pytest.FixtureRequest
) -> None:
    known = introduce(system, mails)
    before = sum(row["n"] for row in deliveries(system))

    ids = deliver(system, mails)

    system.wait_until_quiet(timeout=120)
    entries = list(ledger(system, ids).values())
    report(request, table(f"mail corpus over SMTP, {system.form}, {known} known senders", entries))
    assert {each["id"] for each in entries} == set(ids), "lost"
    check(entries)
    assert sum(row["n"] for row in deliveries(system)) == before + len(mails)

    first = effects(system)
    assert deliver(system, mails) == ids
    system.wait_until_quiet(timeout=120)
    assert effects(system) == first
    assert system.parked() == []


def deliveries(system: System) -> list[dict[str, Any]]:
    return system.rows("email-gateway", "SELECT deliveries AS n FROM received_mail")


@pytest.mark.timeout(400)
def test_all_mail_over_imap_ends_with_a_reason_and_delivered_twice_is_one_effect(
    fresh_hub: Hub,
    dovecot: Dovecot,
    mails: tuple[CorpusMail, ...],
    request: pytest.FixtureRequest,
) -> None:
    account = dovecot.new_account()
    known = introduce(fresh_hub, mails)
    append_all(account, mails)
    fresh_hub.api.post(
        "/v1/mailboxes",
        {
            "name": "Corpus",
            "public_address": account.username,
            "host": account.host,
            "port": account.port,
            "security": "none",
            "username": account.username,
            "password": account.password,
            "poll_seconds": 1,
        },
    )

    wait_for_deliveries(fresh_hub, len(mails))
    entries = list(ledger(fresh_hub).values())
    report(request, table(f"mail corpus over IMAP, embedded, {known} known senders", entries))
    check(entries)
    assert Counter(each["via"] for each in entries) == {"imap": len(entries)}

    first = effects(fresh_hub)
    append_all(account, mails)
    wait_for_deliveries(fresh_hub, 2 * len(mails))
    assert effects(fresh_hub) == first
    assert fresh_hub.parked() == []


def append_all(account: ImapAccount, mails: tuple[CorpusMail, ...]) -> None:
    with imaplib.IMAP4(account.host, account.port, timeout=30) as client:
        client.login(account.username, account.password)
        for mail in mails:
            # Dovecot keeps no NUL, as no mail server may hand one over (RFC 9051, 4.3.1).
            raw = _END_OF_LINE.sub(b"\r\n", mail.raw).replace(b"\0", b"\x80")
            answer, text = client.append("INBOX", "", "", raw)
            assert answer == "OK", (mail.name, text)


def wait_for_deliveries(system: System, count: int) -> None:
    wait_until_decided(system, 1, timeout=20)

    def taken() -> bool:
        return sum(row["n"] for row in deliveries(system)) == count

    wait_until(taken, timeout=150, interval=0.3, message=f"{count} mails fetched")
    system.wait_until_quiet(timeout=90)
