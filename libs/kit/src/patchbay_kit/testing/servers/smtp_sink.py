"""A real SMTP server in a thread that keeps every mail, or misbehaves as a test asks."""

import asyncio
import email
import email.policy
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import ClassVar, Literal, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from patchbay_kit.testing.servers.lifetime import Lifetime
from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.waiting import wait_until

_ACCEPTED = "250 2.0.0 kept"
_HANG_LIMIT = 300.0


@dataclass(frozen=True)
class SunkMail:
    """One accepted mail with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The parsed mail."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)


@dataclass
class _Behaviour:
    """What happens at the end of DATA, and for how many mails before accepting again."""

    kind: Literal["reply", "hang", "lose_reply"] = "reply"
    reply: str = _ACCEPTED
    times: int | None = None


@dataclass
class SmtpSink(Lifetime):
    """Listens on `host`:`port`; the port stays the same over `stop` and `start`."""

    name: ClassVar[str] = "SMTP sink"
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    mails: list[SunkMail] = field(default_factory=list)
    size_limit: int = 64 * 1024 * 1024

    def __post_init__(self) -> None:
        self._behaviour = _Behaviour()
        self._refused: dict[str, str] = {}
        self._controller: Controller | None = None

    def start(self) -> Self:
        """Begin to listen; returns once connections are accepted."""
        if self._controller is None:
            self._controller = Controller(
                self,
                hostname=self.host,
                port=self.port,
                data_size_limit=self.size_limit,
                enable_SMTPUTF8=True,
                ready_timeout=10,
            )
            self._controller.start()
        return self

    def stop(self) -> None:
        """Stop listening: clients get "connection refused"."""
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    def close(self) -> None:
        """The same: nothing is kept outside of memory."""
        self.stop()

    def accept(self) -> None:
        """Back to normal: keep every mail, for every recipient."""
        self._behaviour = _Behaviour()
        self._refused.clear()

    def refuse(self, reply: str = "550 5.7.1 refused", *, times: int | None = None) -> None:
        """Answer mails with a permanent error, all or the next `times`."""
        self._behaviour = _Behaviour("reply", reply, times)

    def fail_temporarily(
        self, reply: str = "451 4.3.0 try again later", *, times: int | None = None
    ) -> None:
        """Answer mails with a temporary error, all or the next `times`."""
        self._behaviour = _Behaviour("reply", reply, times)

    def hang(self, *, times: int | None = None) -> None:
        """Take the mail and never answer; it is not kept."""
        self._behaviour = _Behaviour("hang", times=times)

    def lose_reply(self, *, times: int | None = 1) -> None:
        """Keep the mail, but cut the connection before the answer: the outcome is unknown."""
        self._behaviour = _Behaviour("lose_reply", times=times)

    def refuse_recipient(self, address: str, reply: str = "550 5.1.1 no such user") -> None:
        """Refuse one recipient at RCPT TO, the others stay accepted."""
        self._refused[address.lower()] = reply

    def wait_for(self, count: int, *, timeout: float = 10.0) -> list[SunkMail]:
        """Wait until at least `count` mails were kept, and return them all."""
        wait_until(
            lambda: len(self.mails) >= count, timeout=timeout, message=f"{count} mails at the sink"
        )
        return list(self.mails)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept or refuse one recipient (RFC 5321, 3.3)."""
        if reply := self._refused.get(address.lower()):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's hook
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail or do what the test asked for."""
        behaviour = self._next_behaviour()
        if behaviour.kind == "hang":
            await asyncio.sleep(_HANG_LIMIT)
        if behaviour.kind == "lose_reply" or behaviour.reply.startswith("2"):
            self._keep(envelope)
        if behaviour.kind == "lose_reply" and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return behaviour.reply

    def _next_behaviour(self) -> _Behaviour:
        current = self._behaviour
        if current.times is not None:
            current.times -= 1
            if current.times <= 0:
                self._behaviour = _Behaviour()
        return current

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        recipients = tuple(str(address) for address in envelope.rcpt_tos)
        # The library hands out the null reverse-path of RFC 5321 as it is written.
        sender = str(envelope.mail_from or "").removeprefix("<>")
        self.mails.append(SunkMail(sender, recipients, raw))
