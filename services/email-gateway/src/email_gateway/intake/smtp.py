"""The SMTP or LMTP entrance (RFC 5321, RFC 2033).

Promise: `250` is answered only when the mail is durable; anything that goes wrong before is `451`,
and the sender keeps it.
"""

import asyncio
import re
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from email_gateway.intake.batching import IntakeBatcher
from email_gateway.intake.protocol import Entrance, LmtpProtocol, SmtpProtocol
from email_gateway.intake.raw import RawMail, Via
from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import pause

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 60.0
# How long a predecessor may keep the port before the process gives up, and says so.
PORT_SECONDS = 10.0
IDLE_SECONDS = 300.0
MAX_RECIPIENTS = 100
# aiosmtpd keeps the brackets of the null sender (RFC 5321, 4.5.5).
NULL_SENDER = "<>"
MAX_ADDRESS = 1000
_UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class MailHandler:
    """aiosmtpd's hooks."""

    def __init__(self, batcher: IntakeBatcher, via: Via) -> None:
        self._batcher = batcher
        self._via: Via = via

    async def handle_MAIL(  # noqa: N802  # the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not _storable(address):
            return "501 5.1.7 Malformed sender address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not _storable(address):
            return "501 5.1.3 Malformed recipient address"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        mail = RawMail(
            raw=raw,
            via=self._via,
            envelope_sender="" if envelope.mail_from == NULL_SENDER else envelope.mail_from or "",
            recipients=tuple(str(each) for each in envelope.rcpt_tos),
        )
        try:
            taken = await asyncio.wait_for(self._batcher.take_in(mail), ANSWER_SECONDS)
        except Exception as error:  # noqa: BLE001  # whatever it was, the sender must keep the mail
            log.warning("smtp.not_taken", error=str(error), kind=type(error).__name__)
            return "451 4.3.0 Not taken now, try again"
        return f"250 2.6.0 Taken as {taken.mail_id}"

    async def handle_exception(self, error: Exception) -> str:
        """A defect of ours: the sender keeps the mail, and learns nothing of our inside."""
        log.error("smtp.broken", error=str(error), kind=type(error).__name__)
        return "451 4.3.0 Not taken now, try again"


class SmtpLoop:
    """Listens until stopped; a port that is not open is named by /readyz.

    `runtime.extras` tells the port (`smtp_port`) and when it is open (`listening`).
    """

    name = "smtp-in"

    def __init__(self, runtime: Runtime, batcher: IntakeBatcher) -> None:
        self._runtime = runtime
        self._batcher = batcher
        self._entrance = Entrance(runtime.settings.mail_max_bytes)
        self._listening = asyncio.Event()
        runtime.extras["listening"] = self._listening
        runtime.extras.setdefault("readiness", {})["smtp_listen_port"] = self._missing

    async def run(self, stop: asyncio.Event) -> None:
        server = await self._listen(stop)
        if server is None:
            return
        self._runtime.extras["smtp_port"] = server.sockets[0].getsockname()[1]
        self._listening.set()
        try:
            await stop.wait()
        finally:
            self._listening.clear()
            server.close()
            await self._entrance.close()

    async def _listen(self, stop: asyncio.Event) -> asyncio.Server | None:
        settings = self._runtime.settings
        host, port = settings.smtp_listen_host, settings.smtp_listen_port
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PORT_SECONDS
        while not stop.is_set():
            try:
                return await loop.create_server(self._protocol, host, port)
            except OSError as error:
                log.error("smtp.not_listening", host=host, port=port, error=str(error))
                if loop.time() > deadline:
                    raise
                await pause(1.0, stop)
        return None

    async def _missing(self) -> str | None:
        if self._listening.is_set():
            return None
        return f"port {self._runtime.settings.smtp_listen_port} is not open"

    def _protocol(self) -> Any:
        settings = self._runtime.settings
        lmtp = settings.smtp_listen_protocol == "lmtp"
        kind = LmtpProtocol if lmtp else SmtpProtocol
        return kind(
            self._entrance,
            MailHandler(self._batcher, "lmtp" if lmtp else "smtp"),
            data_size_limit=settings.mail_max_bytes,
            enable_SMTPUTF8=True,
            hostname="patchbay",
            ident="Patchbay",
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )


def _storable(address: str) -> bool:
    """No database keeps NUL or half characters, and no real address has them."""
    return len(address) <= MAX_ADDRESS and _UNSTORABLE.search(address) is None
