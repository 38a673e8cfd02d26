"""Mail source on imap-tools (stdlib imaplib) with one thread per mailbox; the default adapter.

Promise: every await ends by its deadline. When it passes, or the task is cancelled, the socket is
shut down, which also ends the thread's blocking call. After MailSourceUnavailable: `connect` again.
"""

import asyncio
import imaplib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError
from imap_tools.utils import encode_folder

from email_gateway.imap.port import (
    FetchedMail,
    MailboxState,
    MailSourceAuthError,
    MailSourceUnavailable,
)
from email_gateway.imap.responses import (
    Listed,
    is_temporary_refusal,
    read_bodies,
    read_listing,
)

Security = Literal["tls", "starttls", "none"]

DONE_KEYWORD = "$PatchbayDone"
MAX_CHUNK = 50
MAX_CHUNK_BYTES = 32 * 1024 * 1024
MAX_HEADER_BYTES = 256 * 1024
_MARK_CHUNK = 500
# Shorter than the idle time-outs of common NAT routers; the server is asked at least this often.
_IDLE_SECONDS = 240.0
_POLL_SECONDS = 30.0
_LOGOUT_SECONDS = 3.0
_SLOWEST_BYTES_PER_SECOND = 50_000


class ImapToolsSource:
    """One IMAP connection. Use it from one task; `close` may be called from any.

    `command_timeout` (seconds) bounds each command; downloads get more time by their size.
    Mails over `max_bytes` come as `oversize` with their header block only.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        password: str,
        *,
        security: str = "tls",
        authentication: Literal["password", "xoauth2"] = "password",
        command_timeout: float = 30.0,
        max_bytes: int = 25 * 1024 * 1024,
    ) -> None:
        """`security`: tls, starttls or none. With xoauth2 `password` is the access token."""
        if security not in ("tls", "starttls", "none"):
            raise ValueError(f"unknown security {security!r}")
        self._host = host
        self._port = port
        self._username = username
        self._password = password
        self._security = security
        self._authentication = authentication
        self._timeout = command_timeout
        self._max_bytes = max_bytes
        self._box: BaseMailBox | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._busy = False
        self._exists_seen = 0

    async def connect(self) -> None:
        """Open the connection and log in.

        :raises MailSourceAuthError: the server refused the login.
        :raises MailSourceUnavailable: no connection, or a temporary refusal.
        """
        await self.close()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"imap-{self._host}")
        await self._run(self._login, deadline=3 * self._timeout)

    async def select(self, folder: str) -> MailboxState:
        """Open `folder` (any Unicode name); its UIDs count from `uidvalidity`."""
        return await self._run(lambda: self._select(folder))

    async def uids_since(self, uid: int, limit: int) -> list[int]:
        """UIDs above `uid`, lowest first, at most `limit`."""
        return await self._run(lambda: self._search(uid)[:limit])

    async def fetch(self, uids: Sequence[int]) -> list[FetchedMail]:
        """The mails with their raw bytes, without setting \\Seen; vanished ones are missing."""
        found: list[FetchedMail] = []
        for chunk in _chunks(uids, MAX_CHUNK):
            listed = await self._run(lambda chunk=chunk: self._list(chunk))  # type: ignore[misc]
            for group in self._groups(listed):
                found.extend(await self._download(group))
        return sorted(found, key=lambda mail: mail.uid)

    async def mark_done(self, uids: Sequence[int]) -> None:
        """Set \\Seen and, where the server allows keywords, $PatchbayDone."""
        for chunk in _chunks(uids, _MARK_CHUNK):
            await self._run(lambda chunk=chunk: self._mark(chunk))  # type: ignore[misc]

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move to `folder`, which is created when it is missing."""
        for chunk in _chunks(uids, _MARK_CHUNK):
            await self._run(lambda chunk=chunk: self._move(chunk, folder))  # type: ignore[misc]

    async def wait(self, timeout: float) -> bool:
        """True when the server reports new mail, False after `timeout` seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while (left := end - loop.time()) > 0:
            slice_ = min(left, _IDLE_SECONDS if self._can("IDLE") else _POLL_SECONDS)
            if self._can("IDLE"):
                news = await self._run(
                    lambda slice_=slice_: self._idle(slice_),  # type: ignore[misc]
                    deadline=slice_ + self._timeout,
                )
            else:
                news = await self._run(self._noop)
                if not news:
                    await asyncio.sleep(slice_)
            if news:
                return True
        return False

    async def close(self) -> None:
        """Log out if that is quick, and release the connection and its thread. Never raises."""
        if self._box is not None and not self._busy:
            try:
                await self._run(self._logout, deadline=_LOGOUT_SECONDS)
            except MailSourceUnavailable:
                pass  # the connection is gone already, which is what close is for
        self._drop()

    # What follows up to `_drop` runs in the mailbox's thread.

    def _login(self) -> None:
        box = self._open()
        self._box = box
        if self._authentication == "xoauth2":
            box.xoauth2(self._username, self._password, initial_folder=None)
        elif self._username.isascii() and self._password.isascii():
            box.login(self._username, self._password, initial_folder=None)
        else:
            box.login_utf8(self._username, self._password, initial_folder=None)
        _ok(box.client.capability())  # servers announce more after the login
        box.client.capabilities = tuple(
            str(box.client.untagged_responses["CAPABILITY"][-1], "ascii").upper().split()
        )

    def _open(self) -> BaseMailBox:
        if self._security == "none":
            return MailBoxUnencrypted(self._host, self._port, timeout=self._timeout)
        context = ssl.create_default_context()
        if self._security == "starttls":
            return MailBoxStartTls(
                self._host, self._port, timeout=self._timeout, ssl_context=context
            )
        return MailBox(self._host, self._port, timeout=self._timeout, ssl_context=context)
