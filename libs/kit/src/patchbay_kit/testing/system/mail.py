"""Sending mail into the system as a mail server does, and reading what it sends."""

import email
import email.policy
import re
import secrets
import smtplib
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from patchbay_kit.testing.system.base import SUPPORT, System
from patchbay_kit.testing.waiting import wait_until

_TAKEN = re.compile(rb"Taken as (\S+)")
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")
DONE = ("sent", "partly_refused", "caught", "failed")


class SmtpRefusedError(AssertionError):
    """The system did not take a mail; `code` is the SMTP reply."""

    def __init__(self, code: int, text: bytes) -> None:
        super().__init__(f"{code} {text.decode(errors='replace')}")
        self.code = code


class Postman:
    """One SMTP connection to a system; connects when the first mail goes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._client: smtplib.SMTP | None = None

    def deliver(self, raw: bytes, *, sender: str, recipient: str = SUPPORT) -> str:
        """Hand over one mail; returns its id in the ledger once the system promised to keep it.

        SmtpRefusedError for a refusal, OSError or SMTPException for a lost connection.
        """
        try:
            return self._deliver(raw, sender, recipient)
        except BaseException:
            self.close()
            raise

    def _deliver(self, raw: bytes, sender: str, recipient: str) -> str:
        if self._client is None:
            self._client = smtplib.SMTP("127.0.0.1", self._port, timeout=90)
            self._client.ehlo_or_helo_if_needed()
        client = self._client
        for code, text in (
            client.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"]),
            client.rcpt(recipient),
        ):
            if code >= 300:
                raise SmtpRefusedError(code, text)
        code, text = client.data(_END_OF_LINE.sub(b"\r\n", raw))
        taken = _TAKEN.search(text)
        if code != 250 or taken is None:
            raise SmtpRefusedError(code, text)
        return taken.group(1).decode()

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def new_mail(
    sender: str, subject: str, text: str = "Hello", *, to: str = SUPPORT, **headers: str
) -> EmailMessage:
    """A plain mail with a Message-ID; `headers` use `_` for `-`."""
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = f"<{secrets.token_hex(12)}@mail.example>"
    mail["Date"] = "Thu, 15 Jan 2026 10:00:00 +0000"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def send(system: System, mail: EmailMessage, *, recipient: str = SUPPORT) -> str:
    """Deliver over SMTP; returns the mail's id in the ledger."""
    with Postman(system.smtp_port) as postman:
        return postman.deliver(
            mail.as_bytes(), sender=mail["From"].addresses[0].addr_spec, recipient=recipient
        )


def decided(system: System, mail_id: str, *, timeout: float = 20) -> dict[str, Any]:
    """Wait until it is decided what became of a mail; returns its ledger entry."""

    def found() -> dict[str, Any] | None:
        mail: dict[str, Any] = system.api.get(f"/v1/mails/{mail_id}")
        return mail if mail["state"] != "published" else None

    mail = wait_until(found, timeout=timeout, interval=0.05, message=f"mail {mail_id} decided")
    assert mail is not None
    return mail


def codes(entry: dict[str, Any]) -> list[str]:
    """The reason codes of a ledger entry or decision."""
    return [reason["code"] for reason in entry["reasons"]]


def went_out(
    system: System,
    ticket_id: str,
    purpose: str,
    *,
    count: int = 1,
    states: Sequence[str] = DONE,
    timeout: float = 20,
) -> list[dict[str, Any]]:
    """Wait for so many mails of a ticket in one of `states`, oldest first; 0 looks only once."""

    def found() -> list[dict[str, Any]] | None:
        mails = system.api.items("/v1/mails", direction="out", ticket_id=ticket_id)
        wanted = [m for m in reversed(mails) if m["purpose"] == purpose and m["state"] in states]
        return wanted if len(wanted) >= count else None

    if count == 0:
        return found() or []
    message = f"{count} mails '{purpose}' of {ticket_id}"
    mails = wait_until(found, timeout=timeout, interval=0.1, message=message)
    assert mails is not None
    return mails


def original(system: System, mail_id: str) -> EmailMessage:
    """The bytes of a mail of either direction, parsed."""
    answer = system.api.request("GET", f"/v1/mails/{mail_id}/raw")
    assert answer.is_success, answer.text
    return email.message_from_bytes(answer.content, policy=email.policy.default)


def until(look: Callable[[], Any], what: str, *, timeout: float = 20) -> Any:
    """Wait for a true answer; an AssertionError counts as "not yet", and the last one is told."""
    failures: list[AssertionError] = []

    def seen() -> Any:
        try:
            return look()
        except AssertionError as error:
            failures.append(error)
            return None

    try:
        return wait_until(seen, timeout=timeout, interval=0.1, message=what)
    except AssertionError as error:
        raise AssertionError(f"{error}; {failures[-1] if failures else ''}") from None
