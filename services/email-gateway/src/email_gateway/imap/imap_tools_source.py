"""Mail source on imap-tools (stdlib imaplib) with one thread per mailbox; the default adapter.

Promise: every await ends by its deadline. When it passes, or the task is cancelled, the socket is
shut down, which also ends the thread's blocking call. After MailSourceUnavailable: `connect` again.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

from email_gateway.imap.login import Login
from email_gateway.imap.port import (
    FetchedMail,
    MailboxState,
    MailSourceAuthError,
    MailSourceUnavailable,
)
from email_gateway.imap.responses import Listed
from email_gateway.imap.session import ImapSession

_T = TypeVar("_T")
_A = TypeVar("_A")

MAX_CHUNK = 50
MAX_CHUNK_BYTES = 32 * 1024 * 1024
_MARK_CHUNK = 500
# Shorter than the idle time-outs of common NAT routers; the server is asked at least this often.
_IDLE_SECONDS = 240.0
_POLL_SECONDS = 30.0
_LOGOUT_SECONDS = 3.0
_SLOWEST_BYTES_PER_SECOND = 50_000


class ImapToolsSource:
    """One IMAP connection. Use it from one task; `close` may come from another.

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
        security: Literal["tls", "starttls", "none"] = "tls",
        authentication: Literal["password", "xoauth2"] = "password",
        command_timeout: float = 30.0,
        max_bytes: int = 25 * 1024 * 1024,
        address: str | None = None,
    ) -> None:
        """With xoauth2 `password` is the access token; `address` is dialled where it is given."""
        self._login = Login(
            host,
            port,
            username,
            password,
            security,
            authentication,
            command_timeout,
            address,
            # What is asked for at once, with room for servers that understate sizes.
            answer_bytes=2 * max(MAX_CHUNK_BYTES, max_bytes) + 1024 * 1024,
        )
        self._max_bytes = max_bytes
        self._session: ImapSession | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._busy = False

    async def connect(self) -> None:
        """Open the connection and log in; an older connection is closed first.

        :raises MailSourceAuthError: the server refused the login.
        :raises MailSourceUnavailable: no connection, or a temporary refusal.
        """
        await self.close()
        session = ImapSession(self._login)
        self._session = session
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"imap-{self._login.host}")
        try:
            await self._run(session.connect, 3 * self._login.timeout)
        except MailSourceAuthError:
            self._drop()
            raise

    async def select(self, folder: str) -> MailboxState:
        """Open `folder` (any Unicode name); its UIDs count from `uidvalidity`."""
        session = self._open_session()
        return await self._run(lambda: session.select(folder))

    async def uids_since(self, uid: int, limit: int) -> list[int]:
        """UIDs above `uid`, lowest first, at most `limit`."""
        session = self._open_session()
        return (await self._run(lambda: session.search(uid)))[:limit]

    async def fetch(self, uids: Sequence[int]) -> list[FetchedMail]:
        """The mails with their raw bytes, without setting \\Seen; vanished ones are missing."""
        session = self._open_session()
        found: list[FetchedMail] = []
        for chunk in _chunks(uids, MAX_CHUNK):
            listed = await self._run(_bound(session.listing, chunk))
            for group, oversize in self._groups(listed):
                size = 0 if oversize else sum(each.size for each in group)
                deadline = self._login.timeout + size / _SLOWEST_BYTES_PER_SECOND
                came = await self._run(_download(session, group, oversize), deadline)
                found += came
                missing = {each.uid for each in group} - {mail.uid for mail in came}
                if missing:
                    found += await self._withheld(session, sorted(missing))
        return sorted(found, key=lambda mail: mail.uid)

    async def _withheld(self, session: ImapSession, uids: Sequence[int]) -> list[FetchedMail]:
        """Mails that are listed but did not come: their headers, or nothing but their numbers.
        A mail that is gone meanwhile is none.
        """
        listed = await self._run(_bound(session.listing, uids))
        if not listed:
            return []
        came = await self._run(_download(session, listed, True))
        heads = {mail.uid: mail.raw for mail in came}
        return [
            FetchedMail(each.uid, each.internaldate, heads.get(each.uid, b""), withheld=True)
            for each in listed
        ]

    async def mark_done(self, uids: Sequence[int]) -> None:
        """Set \\Seen and, where the server allows keywords, $PatchbayDone."""
        session = self._open_session()
        for chunk in _chunks(uids, _MARK_CHUNK):
            await self._run(_bound(session.mark_done, chunk))

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move to `folder`, which is created when it is missing."""
        session = self._open_session()
        for chunk in _chunks(uids, _MARK_CHUNK):
            await self._run(lambda chunk=chunk: session.move(chunk, folder))  # type: ignore[misc]

    async def wait(self, timeout: float) -> bool:
        """True when the server reports new mail, False after `timeout` seconds."""
        session = self._open_session()
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while (left := end - loop.time()) > 0:
            if session.can("IDLE"):
                seconds = min(left, _IDLE_SECONDS)
                deadline = seconds + self._login.timeout
                news = await self._run(_bound(session.idle, seconds), deadline)
            else:
                news = await self._run(session.noop)
                if not news:
                    await asyncio.sleep(min(left, _POLL_SECONDS))
            if news:
                return True
        return False

    async def close(self) -> None:
        """Log out if that is quick, and release connection and thread. Never raises."""
        if self._session is not None and not self._busy:
            # Unavailable means that the connection is gone already, which is what close is for.
            with contextlib.suppress(MailSourceUnavailable):
                await self._run(self._session.logout, _LOGOUT_SECONDS)
        self._drop()

    def _open_session(self) -> ImapSession:
        if self._session is None:
            raise MailSourceUnavailable("not connected")
        return self._session

    def _groups(self, listed: Sequence[Listed]) -> Iterator[tuple[list[Listed], bool]]:
        """Downloads of bounded memory: over-size mails (headers only), then the others."""
        oversize = [each for each in listed if each.size > self._max_bytes]
        if oversize:
            yield oversize, True
        group: list[Listed] = []
        for each in listed:
            if each.size > self._max_bytes:
                continue
            if group and sum(one.size for one in group) + each.size > MAX_CHUNK_BYTES:
                yield group, False
                group = []
            group.append(each)
        if group:
            yield group, False

    async def _run(self, call: Callable[[], _T], deadline: float | None = None) -> _T:
        """Run `call` in the mailbox's thread; on time-out or cancellation cut the connection."""
        session, thread = self._session, self._thread
        if session is None or thread is None:
            raise MailSourceUnavailable("not connected")
        self._busy = True
        running = asyncio.get_running_loop().run_in_executor(thread, session.run, call)
        try:
            seconds = self._login.timeout if deadline is None else deadline
            done, _ = await asyncio.wait({running}, timeout=seconds)
            if not done:
                raise MailSourceUnavailable(f"no answer within {seconds:.0f} s")
            return running.result()
        except (MailSourceUnavailable, asyncio.CancelledError):
            running.add_done_callback(_consume)
            self._busy = not running.done()
            self._drop()
            raise
        finally:
            self._busy = False

    def _drop(self) -> None:
        if self._session is not None:
            self._session.abort()
            if not self._busy:
                self._session.release()
            self._session = None
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None


def _consume(future: "asyncio.Future[_T]") -> None:
    """Take the late result of an abandoned call, so that asyncio does not warn about it."""
    if not future.cancelled():
        future.exception()


def _chunks(uids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), size):
        yield uids[start : start + size]


def _bound(call: Callable[[_A], _T], argument: _A) -> Callable[[], _T]:
    return lambda: call(argument)


def _download(
    session: ImapSession, group: Sequence[Listed], oversize: bool
) -> Callable[[], list[FetchedMail]]:
    return lambda: session.download(group, headers_only=oversize)
