"""The SMTP or LMTP entrance (RFC 5321, RFC 2033).

Promise: `250` is answered only when the mail is durable; anything that goes wrong before is `451`,
and the sender keeps it.
"""

import asyncio
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from email_gateway.intake.batching import IntakeBatcher
from email_gateway.intake.reading import RawMail, Via
from patchbay_kit.runtime import Runtime

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 60.0
MAX_RECIPIENTS = 100


class MailHandler:
    """aiosmtpd's hooks."""

    def __init__(self, batcher: IntakeBatcher, via: Via) -> None:
        self._batcher = batcher
        self._via: Via = via

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
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
            envelope_sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
        )
        try:
            taken = await asyncio.wait_for(self._batcher.take_in(mail), ANSWER_SECONDS)
        except Exception as error:  # noqa: BLE001  # whatever it was, the sender must keep the mail
            log.warning("smtp.not_taken", error=str(error), kind=type(error).__name__)
            return "451 4.3.0 Not taken now, try again"
        return f"250 2.6.0 Taken as {taken.mail_id}"


class SmtpLoop:
    """Listens until stopped.

    `runtime.extras` tells the port (`smtp_port`) and when it is open (`listening`).
    """

    name = "smtp-in"

    def __init__(self, runtime: Runtime, batcher: IntakeBatcher) -> None:
        self._runtime = runtime
        self._batcher = batcher
        self._listening = asyncio.Event()
        runtime.extras["listening"] = self._listening

    async def run(self, stop: asyncio.Event) -> None:
        settings = self._runtime.settings
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._protocol, settings.smtp_listen_host, settings.smtp_listen_port
        )
        self._runtime.extras["smtp_port"] = server.sockets[0].getsockname()[1]
        self._listening.set()
        try:
            await stop.wait()
        finally:
            server.close()
            await server.wait_closed()

    def _protocol(self) -> Any:
        settings = self._runtime.settings
        lmtp = settings.smtp_listen_protocol == "lmtp"
        kind = LMTP if lmtp else SMTP
        return kind(
            MailHandler(self._batcher, "lmtp" if lmtp else "smtp"),
            data_size_limit=settings.mail_max_bytes,
            enable_SMTPUTF8=True,
            hostname="patchbay",
            ident="Patchbay",
            timeout=120,
            loop=asyncio.get_running_loop(),
        )
