"""Handing one message to the mail server.

Ports: SMTP, and the catcher of the demo that sends nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiosmtplib

from email_gateway.outbound.rules import is_permanent
from email_gateway.tls import tls_context


@dataclass(frozen=True, slots=True)
class SendResult:
    """What the server said: who was refused (address to answer); `caught` means that
    nothing left.
    """

    refused: dict[str, str] = field(default_factory=dict)
    caught: bool = False


class SendError(Exception):
    """Nobody got the mail, as far as is known. `permanent` refusals are not tried again; `away`:
    no mail would be taken now.
    """

    def __init__(self, message: str, *, permanent: bool, away: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.away = away


# A server that answers each command just in time must not hold a mail past its lease.
SEND_SECONDS = 300.0
# Servers write whole pages, in any encoding; the ledger keeps what a person reads.
MAX_ANSWER = 500


class Transport(Protocol):
    """Sends several mails over one connection between `open` and `close`.

    `commit_every`: after how many mails the results are committed; 1 where a mail cannot be called
    back.
    """

    commit_every: int

    async def open(self) -> None: ...

    async def send(self, sender: str, recipients: Sequence[str], raw: bytes) -> SendResult:
        """Raises SendError where nobody got it."""
        ...

    async def close(self) -> None: ...


class Catcher:
    """Takes every mail and sends none: they are read over HTTP."""

    commit_every = 50

    async def open(self) -> None:
        return

    async def send(
        self, sender: str, recipients: Sequence[str], raw: bytes
    ) -> SendResult:  # the port's shape
        return SendResult(caught=True)

    async def close(self) -> None:
        return


class SmtpTransport:
    """A connection to the configured server, with TLS as set and certificates checked."""

    commit_every = 1

    def __init__(self, settings: Any) -> None:
        self._settings = settings
        self._client: aiosmtplib.SMTP | None = None

    async def open(self) -> None:
        settings = self._settings
        self._client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            timeout=settings.smtp_timeout,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
            tls_context=None if settings.smtp_tls == "none" else tls_context(),
        )
        try:
            await self._client.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            # The setting is wrong, not the mail: it waits until somebody has mended it.
            text = f"the mail server refused our login: {error.code}"
            raise SendError(text, permanent=False, away=True) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            text = f"the mail server cannot be reached: {_words(error)}"
            raise SendError(text, permanent=False, away=True) from error

    async def send(self, sender: str, recipients: Sequence[str], raw: bytes) -> SendResult:
        seconds = min(SEND_SECONDS, self._settings.mail_lease / 2)
        try:
            async with asyncio.timeout(seconds):
                if self._client is None or not self._client.is_connected:
                    await self.open()
                return await self._send(sender, recipients, raw)
        except TimeoutError as error:
            self._drop()
            text = f"the mail server did not finish within {seconds:g} s"
            raise SendError(text, permanent=False) from error

    async def _send(self, sender: str, recipients: Sequence[str], raw: bytes) -> SendResult:
        assert self._client is not None  # noqa: S101  # open() has set it
        # RFC 6531: only where an address needs it, as not every server can.
        options = [] if "".join([sender, *recipients]).isascii() else ["SMTPUTF8"]
        try:
            refused, _ = await self._client.sendmail(
                sender, list(recipients), raw, mail_options=options
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            answers = {
                each.recipient: _answer(each.code, each.message) for each in error.recipients
            }
            permanent = all(is_permanent(each.code) for each in error.recipients)
            text = f"every recipient was refused: {answers}"[: 8 * MAX_ANSWER]
            raise SendError(text, permanent=permanent) from error
        except aiosmtplib.SMTPResponseException as error:
            text = _answer(error.code, error.message)
            # 421 ends the connection, whatever it was the answer to (RFC 5321, 3.8).
            raise SendError(
                text, permanent=is_permanent(error.code), away=error.code == 421
            ) from error
        except (aiosmtplib.SMTPNotSupported, ValueError) as error:
            raise SendError(f"the mail cannot be sent: {_words(error)}", permanent=True) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            self._drop()
            raise SendError(_words(error), permanent=False) from error
        return SendResult({address: _answer(*told) for address, told in refused.items()})

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    async def close(self) -> None:
        if self._client is not None and self._client.is_connected:
            try:
                await self._client.quit()
            except (aiosmtplib.SMTPException, OSError):
                self._client.close()
        self._client = None


def _words(error: BaseException) -> str:
    return _one_line(str(error)) or type(error).__name__


def _answer(code: int, text: str) -> str:
    return f"{code} {_one_line(text)}"


def _one_line(text: str) -> str:
    """What a server said, as every database can keep it: answers may hold any byte."""
    printable = "".join(each if each.isprintable() else " " for each in text[: 4 * MAX_ANSWER])
    return " ".join(printable.split())[:MAX_ANSWER]


def transports_for(settings: Any) -> list[Transport]:
    """One for each connection that the settings allow at the same time."""
    if settings.outgoing == "catch":
        return [Catcher()]
    return [SmtpTransport(settings) for _ in range(settings.smtp_connections)]
