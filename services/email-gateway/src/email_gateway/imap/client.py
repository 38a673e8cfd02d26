"""imaplib's clients behind imap-tools, for servers that somebody typed in.

Promise: the address that was checked is the one that is dialled, and no answer fills the memory.
"""

import imaplib
import socket
import ssl
from typing import Any

from imap_tools import BaseMailBox

from email_gateway.imap.login import Login
from email_gateway.tls import tls_context


class _Guarded(imaplib.IMAP4):
    """Dials `login.address`, and ends a command whose answer is over `login.answer_bytes`."""

    def __init__(self, login: Login, **options: Any) -> None:
        self._guard = login
        self._answered = 0
        super().__init__(login.host, login.port, timeout=login.timeout, **options)

    def begin(self) -> None:
        """Count the answer of the next command from nothing."""
        self._answered = 0

    def _create_socket(self, timeout: float | None) -> socket.socket:
        address = self._guard.address or self._guard.host
        return socket.create_connection((address, self._guard.port), timeout)

    def read(self, size: int) -> bytes:
        """Refuse a literal by its announced size, before any of it is read."""
        self._count(size)
        return super().read(size)

    def readline(self) -> bytes:
        """A line, which counts too: a server may send any number of them."""
        line = super().readline()
        self._count(len(line))
        return line

    def _count(self, size: int) -> None:
        self._answered += size
        if self._answered > self._guard.answer_bytes:
            raise self.abort(f"the answer is over {self._guard.answer_bytes} bytes")


class _GuardedTls(_Guarded):
    """TLS from the first byte; the certificate must be the host's, whatever address is dialled."""

    def __init__(self, login: Login, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(login)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = super()._create_socket(timeout)
        try:
            return self._context.wrap_socket(plain, server_hostname=self._guard.host)
        except BaseException:
            plain.close()
            raise


class GuardedBox(BaseMailBox):
    """A mailbox of imap-tools on a guarded client."""

    client: _Guarded

    def __init__(self, login: Login) -> None:
        self._guard = login
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        if self._guard.security == "none":
            return _Guarded(self._guard)
        context = tls_context()
        if self._guard.security == "tls":
            return _GuardedTls(self._guard, context)
        client = _Guarded(self._guard)
        try:
            client.starttls(context)
        except BaseException:
            client.shutdown()
            raise
        return client
