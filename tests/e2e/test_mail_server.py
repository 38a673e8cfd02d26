"""Mail that leaves through a real SMTP server, also one that is in a bad mood (cluster form)."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from patchbay_kit.testing.servers.smtp_sink import SmtpSink, SunkMail
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.mail import decided, new_mail, send, until, went_out

Mail = dict[str, Any]


# The hub of this run catches its outgoing mail.
pytestmark = pytest.mark.parametrize("system", ["cluster"], indirect=True, scope="session")


@pytest.fixture
def sink(system: System, mail_server: SmtpSink) -> Iterator[SmtpSink]:
    """The mail server of the cluster, in a good mood at first."""
    system.wait_until_quiet()
    mail_server.accept()
    yield mail_server
    mail_server.accept()


def mail_of_a_contact(system: System) -> tuple[str, str]:
    """Address of a new contact, and the id of a first mail that they sent."""
    tag = secrets.token_hex(4)
    account = system.api.post("/v1/accounts", {"name": f"Sink customer {tag}"})
    address = f"ann-{tag}@customer-{tag}.example"
    body = {"account_id": account["id"], "name": "Ann Lee", "email1": address}
    system.api.post("/v1/contacts", body)
    return address, send(system, new_mail(address, f"Subject {tag}"))


def received(sink: SmtpSink, address: str) -> list[SunkMail]:
    return [mail for mail in sink.mails if address in mail.recipients]


def test_an_automatic_answer_reaches_the_mail_server_with_an_empty_sender(
    system: System, sink: SmtpSink
) -> None:
    address, mail_id = mail_of_a_contact(system)

    (mail,) = until(lambda: received(sink, address), "the answer at the mail server")

    assert mail.sender == ""
    entry = decided(system, mail_id)
    (sent,) = went_out(system, entry["ticket_id"], "auto_answer")
    assert sent["state"] == "sent"
    assert sent["message_id"] == str(mail.message["Message-ID"])


@pytest.mark.timeout(180)
def test_a_mail_that_is_not_taken_now_goes_out_later_once(system: System, sink: SmtpSink) -> None:
    sink.fail_temporarily()
    address, mail_id = mail_of_a_contact(system)
    entry = decided(system, mail_id)
    (waiting,) = until(
        lambda: [
            mail
            for mail in went_out(system, entry["ticket_id"], "auto_answer", states=("queued",))
            if mail["attempts"]
        ],
        "a first attempt that failed",
    )
    assert "451" in waiting["last_error"]
    assert waiting["next_attempt_at"]

    sink.accept()

    (sent,) = went_out(system, entry["ticket_id"], "auto_answer", timeout=40)
    assert (sent["state"], sent["attempts"]) == ("sent", 2)
    assert len(received(sink, address)) == 1


def test_a_mail_that_is_refused_for_good_shows_on_its_ticket(
    system: System, sink: SmtpSink
) -> None:
    sink.refuse()
    _, mail_id = mail_of_a_contact(system)
    entry = decided(system, mail_id)

    (failed,) = went_out(system, entry["ticket_id"], "auto_answer")

    assert (failed["state"], failed["attempts"]) == ("failed", 1)
    path = f"/v1/tickets/{entry['ticket_id']}"

    def told() -> list[Mail]:
        history = system.api.items(f"{path}/history", kind="audit")
        return [each for each in history if "550" in each["text"]]

    assert until(told, "the refusal in the history")
    decisions = system.api.get(f"{path}/explain")["decisions"]
    assert "send.refused" in {reason["code"] for each in decisions for reason in each["reasons"]}


def test_one_refused_recipient_does_not_keep_the_others_from_their_mail(
    system: System, sink: SmtpSink
) -> None:
    address, mail_id = mail_of_a_contact(system)
    entry = decided(system, mail_id)
    went_out(system, entry["ticket_id"], "auto_answer")
    other = f"other-{address}"
    external = [{"email": each, "place": "to"} for each in (address, other)]
    path = f"/v1/tickets/{entry['ticket_id']}/recipients"
    system.api.put(path, {"external": external, "employees": []})
    tag = secrets.token_hex(4)
    employee = f"kim-{tag}@msp.example"
    system.api.post("/v1/employees", {"name": "Kim Roe", "email1": employee})
    sink.refuse_recipient(other)

    send(system, new_mail(employee, f"Re: [{entry['ticket_number']}]", "To both"))

    def partly() -> list[Mail]:
        return went_out(
            system, entry["ticket_id"], "distribution", count=0, states=("partly_refused",)
        )

    (mail,) = until(partly, "the mail that one of two got")
    assert mail["refused"] == [other] or other in str(mail["refused"])
    assert len(received(sink, address)) == 2
