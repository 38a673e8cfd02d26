"""A mailbox of a real IMAP server: taken in by UID, once, whatever happens to its flags."""

import imaplib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest

from patchbay_kit.testing.servers.dovecot import Dovecot, ImapAccount
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.mail import codes, new_mail, original, until, went_out

Mail = dict[str, Any]


@contextmanager
def mailbox(system: System, account: ImapAccount) -> Iterator[str]:
    """The account as a mailbox of the system, looked into every second."""
    body = {
        "name": "Support",
        "public_address": account.username,
        "host": account.host,
        "port": account.port,
        "security": "none",
        "username": account.username,
        "password": account.password,
        "poll_seconds": 1,
    }
    created: Mail = system.api.post("/v1/mailboxes", body)
    try:
        yield str(created["id"])
    finally:
        system.api.delete(f"/v1/mailboxes/{created['id']}")


def append(account: ImapAccount, *mails: EmailMessage, flags: str = "") -> None:
    with imaplib.IMAP4(account.host, account.port, timeout=10) as client:
        client.login(account.username, account.password)
        for mail in mails:
            answer, text = client.append("INBOX", flags, "", mail.as_bytes())
            assert answer == "OK", text


def contact(system: System) -> str:
    tag = secrets.token_hex(4)
    account = system.api.post("/v1/accounts", {"name": f"Mailbox customer {tag}"})
    address = f"ann-{tag}@customer-{tag}.example"
    body = {"account_id": account["id"], "name": "Ann Lee", "email1": address}
    system.api.post("/v1/contacts", body)
    return address


def ledger(system: System, mail: EmailMessage) -> list[Mail]:
    found = system.api.items("/v1/mails", message_id=str(mail["Message-ID"]))
    return [each for each in found if each["state"] != "published"]


def taken(system: System, mail: EmailMessage) -> Mail:
    (entry,) = until(lambda: ledger(system, mail), "the mail fetched and decided on")
    return dict(entry)


@pytest.mark.covers("S2-92")
def test_a_mail_in_the_mailbox_makes_a_ticket_and_its_answer_is_filed_there(
    system: System, dovecot: Dovecot
) -> None:
    account, sender = dovecot.new_account(), contact(system)
    mail = new_mail(sender, "Through the mailbox", "Hello", to=account.username)
    with mailbox(system, account):
        append(account, mail)
        entry = taken(system, mail)
        assert (entry["state"], entry["via"]) == ("created", "imap")
        (sent,) = went_out(system, entry["ticket_id"], "auto_answer")
        reply_to = original(system, sent["id"])["Reply-To"].addresses[0].addr_spec
        reply = new_mail("ann@private.example", "Re: no number", "More", to=reply_to)
        append(account, reply)
        answer = taken(system, reply)

    assert (answer["state"], answer["ticket_id"]) == ("filed", entry["ticket_id"])
    assert "mail.by_token" in codes(answer)


def test_a_mail_that_somebody_has_read_already_is_taken_in_all_the_same(
    system: System, dovecot: Dovecot
) -> None:
    account, sender = dovecot.new_account(), contact(system)
    mail = new_mail(sender, "Read on a telephone", to=account.username)
    with mailbox(system, account):
        append(account, mail, flags="\\Seen")

        assert taken(system, mail)["state"] == "created"


def test_a_wrong_password_shows_at_its_mailbox_and_stops_no_other(
    system: System, dovecot: Dovecot
) -> None:
    good, bad = dovecot.new_account(), dovecot.new_account()
    wrong = ImapAccount(bad.host, bad.port, bad.username, "wrong")
    mail = new_mail(contact(system), "Good", to=good.username)
    with mailbox(system, wrong) as broken, mailbox(system, good):
        append(good, mail)

        assert taken(system, mail)["state"] == "created"
        look = f"/v1/mailboxes/{broken}"
        state = until(lambda: (m := system.api.get(look))["last_error"] and m, "the error shown")

    assert state["state"] in ("degraded", "refused")
    assert "wrong" not in str(state)
