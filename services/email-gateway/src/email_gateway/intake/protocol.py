"""What aiosmtpd's protocols lack: an answer for each LMTP recipient, long lines, and an end.

Promise: a stop cuts nobody who waits for the answer to a mail; everybody else hears 421 and keeps
his mail.
"""

import asyncio
from typing import Any, AnyStr

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

log = structlog.get_logger(__name__)

MAX_CONNECTIONS = 500
CLOSE_SECONDS = 15.0
# What all connections together may have sent without an answer, but at least a few large mails.
MAX_HELD_BYTES = 256 * 1024 * 1024
# RFC 5321 allows 1000; real senders write longer lines, and refusing them would lose their mail.
_MAX_LINE = 512 * 1024


class Entrance:
    """The connections of one listener."""

    def __init__(self, mail_bytes: int = 0) -> None:
        self.open: set[SmtpProtocol] = set()
        self.closing = False
        self.held = 0
        self.most = max(MAX_HELD_BYTES, 4 * mail_bytes)

    def relieve(self) -> None:
        """Send the connection away that has sent the most; it comes again later."""
        largest = max(self.open, key=lambda each: each.held)
        log.warning("smtp.too_much_at_once", held=self.held, largest=largest.held)
        largest.goodbye()

    async def close(self) -> None:
        """Say goodbye to all; those in the middle of an answer get it first, within a limit."""
        self.closing = True
        for each in list(self.open):
            if not each.answering:
                each.goodbye()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*(each.gone.wait() for each in list(self.open)))
        except TimeoutError:
            for each in list(self.open):
                each.cut()


class SmtpProtocol(SMTP):
    """One SMTP connection that its entrance can end."""

    line_length_limit = _MAX_LINE

    def __init__(self, entrance: Entrance, *args: Any, **kwargs: Any) -> None:
        self._entrance = entrance
        self.answering = False
        self.held = 0
        self.gone = asyncio.Event()
        super().__init__(*args, **kwargs)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse what is too many before a word is spoken."""
        full = len(self._entrance.open) >= MAX_CONNECTIONS
        self._entrance.open.add(self)
        super().connection_made(transport)
        if full or self._entrance.closing:
            self.goodbye()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self._entrance.open.discard(self)
        self._hold(-self.held)
        self.gone.set()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """A slow sender of a large mail is not an idle one."""
        self._reset_timeout()
        self._hold(len(data))
        if self._entrance.held > self._entrance.most:
            self._entrance.relieve()
        super().data_received(data)

    def _hold(self, size: int) -> None:
        self.held += size
        self._entrance.held += size

    def goodbye(self) -> None:
        """421: the sender keeps what he has not been thanked for."""
        if isinstance(self.transport, asyncio.Transport) and not self.transport.is_closing():
            self.transport.write(b"421 4.3.2 Not now, try again\r\n")
            self.transport.close()

    def cut(self) -> None:
        """End it without a word."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    async def _call_handler_hook(self, command: str, *args: Any) -> Any:
        self.answering = command == "DATA"
        return await super()._call_handler_hook(command, *args)

    async def push(self, status: AnyStr) -> None:
        """Send an answer; the last one before a stop ends the connection."""
        await super().push(status)
        self._hold(-self.held)
        answered, self.answering = self.answering, False
        if answered and self._entrance.closing:
            self.goodbye()


class LmtpProtocol(SmtpProtocol, LMTP):
    """After the data, one answer for each accepted recipient (RFC 2033, 4.2)."""

    _answers = 1

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # the library's name
        """Multiply whatever is said about the data."""
        recipients = len(self.envelope.rcpt_tos) if self.envelope is not None else 0
        self._answers = max(1, recipients)
        try:
            await super().smtp_DATA(arg)
        finally:
            self._answers = 1

    async def push(self, status: AnyStr) -> None:
        """Answers to the command itself, 354 and 50x, are single."""
        text = status if isinstance(status, str) else status.decode()
        if not text.startswith(("354", "501", "503")):
            text = "\r\n".join([text] * self._answers)
        await super().push(text)
