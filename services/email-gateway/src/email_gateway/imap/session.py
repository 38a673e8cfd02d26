"""The blocking half of the imap-tools adapter: one IMAP session, used from one thread.

Only `abort` may be called from another thread; it ends whatever the thread is waiting for.
"""

import contextlib
import imaplib
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from imap_tools.errors import ImapToolsError, MailboxLoginError
from imap_tools.utils import encode_folder

from email_gateway.imap.client import GuardedBox
from email_gateway.imap.login import Login
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

_T = TypeVar("_T")

DONE_KEYWORD = "$PatchbayDone"
MAX_HEADER_BYTES = 256 * 1024
# What a cut, closed or garbled connection raises in imaplib and ssl.
_LOST = (imaplib.IMAP4.error, ImapToolsError, OSError, EOFError, ValueError, AttributeError)


class ImapSession:
    """One connection. Every method but `abort` raises MailSourceUnavailable when it is lost."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._box: GuardedBox | None = None
        self._aborted = False
        self._exists_seen = 0

    def abort(self) -> None:
        """Cut the connection from any thread; the waiting thread gets an error at once."""
        self._aborted = True
        if self._box is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown: that would pull the TLS object from under the thread.
                socket.socket.shutdown(self._box.client.socket(), socket.SHUT_RDWR)

    def release(self) -> None:
        """Free the socket of an aborted session once its thread is done with it."""
        box, self._box = self._box, None
        if box is not None:
            with contextlib.suppress(OSError):
                box.client.shutdown()

    def run(self, call: Callable[[], _T]) -> _T:
        """Run `call` in the session's thread; an abort meanwhile frees the socket afterwards."""
        try:
            return call()
        finally:
            if self._aborted:
                self.release()

    def connect(self) -> None:
        """Connect and log in.

        :raises MailSourceAuthError: the server refused the login for good.
        """
        with _translated(f"{self._login.host}:{self._login.port}"):
            self._box = GuardedBox(self._login)
        if self._aborted:
            self.abort()
        try:
            self._authenticate(self._box)
        except (MailboxLoginError, imaplib.IMAP4.error) as error:
            lost = isinstance(error, imaplib.IMAP4.abort)
            if lost or self._aborted or is_temporary_refusal(str(error)):
                raise MailSourceUnavailable(f"login: {_shown(error)}") from error
            raise MailSourceAuthError(_shown(error)) from error
        except OSError as error:
            raise MailSourceUnavailable(f"login: {_shown(error)}") from error
        with _translated("CAPABILITY"):
            _, data = self._box.client.capability()  # servers announce more after the login
            words = data[-1].decode("ascii", "replace").upper() if data and data[-1] else ""
            self._box.client.capabilities = tuple(words.split())

    def _authenticate(self, box: GuardedBox) -> None:
        name, password = self._login.username, self._login.password
        if self._login.authentication == "xoauth2":
            box.xoauth2(name, password, initial_folder=None)
        elif name.isascii() and password.isascii():
            box.login(name, password, initial_folder=None)
        else:
            box.login_utf8(name, password, initial_folder=None)

    @property
    def box(self) -> GuardedBox:
        """The open connection."""
        if self._box is None or self._aborted:
            raise MailSourceUnavailable("not connected")
        return self._box

    def can(self, capability: str) -> bool:
        """Whether the server announced `capability` after the login."""
        return capability in self.box.client.capabilities

    def logout(self) -> None:
        """Say goodbye; the connection is of no use afterwards."""
        with _translated("LOGOUT"):
            self.box.client.logout()

    def select(self, folder: str) -> MailboxState:
        """Open `folder` for reading and writing."""
        with _translated(f"SELECT {folder!r}"):
            self.box.folder.set(folder)
            validity = self._number("UIDVALIDITY")
            uidnext = self._number("UIDNEXT")
            if validity is None or uidnext is None:
                status = self.box.folder.status(folder, ["UIDVALIDITY", "UIDNEXT"])
                validity, uidnext = status["UIDVALIDITY"], status["UIDNEXT"]
            self._exists_seen = self._exists()
        return MailboxState(validity, uidnext)

    def _number(self, name: str) -> int | None:
        values = self.box.client.untagged_responses.get(name) or []
        last = values[-1] if values else None
        return int(last) if isinstance(last, bytes) and last.isdigit() else None

    def _exists(self) -> int:
        return self._number("EXISTS") or 0

    def search(self, uid: int) -> list[int]:
        """All UIDs above `uid`. No CHARSET: Exchange refuses it (email.md point 11)."""
        self.noop()  # Dovecot searches what it announced before, not what has come since
        data = self._command("SEARCH", "UID", f"{uid + 1}:*")
        self._exists_seen = self._exists()
        words = b" ".join(line for line in data if isinstance(line, bytes)).split()
        # `n:*` always names the last mail, even below n (RFC 3501 6.4.8).
        return sorted({int(word) for word in words if word.isdigit() and int(word) > uid})

    def listing(self, uids: Sequence[int]) -> list[Listed]:
        """Size and date of the mails that still exist."""
        wanted = set(uids)
        data = self._command("FETCH", _set(uids), "(UID RFC822.SIZE INTERNALDATE)")
        return [each for each in read_listing(data) if each.uid in wanted]

    def download(self, listed: Sequence[Listed], *, headers_only: bool) -> list[FetchedMail]:
        """Raw bytes of the mails, or their header blocks; what the server withholds is missing."""
        part = f"BODY.PEEK[HEADER]<0.{MAX_HEADER_BYTES}>" if headers_only else "BODY.PEEK[]"
        dates = {each.uid: each.internaldate for each in listed}
        data = self._command("FETCH", _set(list(dates)), f"(UID {part})")
        return [
            FetchedMail(uid, dates[uid], raw, oversize=headers_only)
            for uid, raw in read_bodies(data)
            if uid in dates
        ]

    def mark_done(self, uids: Sequence[int]) -> None:
        """Set \\Seen and our keyword; servers without keywords get \\Seen alone."""
        try:
            self._command("STORE", _set(uids), "+FLAGS.SILENT", f"(\\Seen {DONE_KEYWORD})")
        except _RefusedError:
            self._command("STORE", _set(uids), "+FLAGS.SILENT", "(\\Seen)")

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move, or copy and flag \\Deleted where the server has no MOVE (RFC 6851)."""
        name = encode_folder(folder)
        verb = "MOVE" if self.can("MOVE") else "COPY"
        try:
            self._command(verb, _set(uids), name)
        except _RefusedError:
            with _translated(f"CREATE {folder!r}"):
                self.box.folder.create(folder)
            self._command(verb, _set(uids), name)
        if verb == "COPY":
            self._command("STORE", _set(uids), "+FLAGS.SILENT", "(\\Deleted)")
            if self.can("UIDPLUS"):
                self._command("EXPUNGE", _set(uids))

    def idle(self, seconds: float) -> bool:
        """IDLE for at most `seconds` (RFC 2177); True when there is new mail."""
        if self._exists() > self._exists_seen:
            return True
        with _translated("IDLE"):
            self.box.client.begin()
            responses = self.box.idle.wait(seconds)
        return any(b" EXISTS" in line or b" RECENT" in line for line in responses)

    def noop(self) -> bool:
        """Ask the server for news; True when there is new mail."""
        with _translated("NOOP"):
            self.box.client.begin()
            self.box.client.noop()
        return self._exists() > self._exists_seen

    def _command(self, name: str, *arguments: str | bytes) -> list[object]:
        with _translated(f"UID {name}"):
            self.box.client.begin()
            status, data = self.box.client.uid(name, *arguments)  # type: ignore[arg-type]
        if status != "OK":
            raise _RefusedError(f"UID {name}: {status} {str(data)[:200]}")
        return list(data)


class _RefusedError(MailSourceUnavailable):
    """The server answered NO: the connection is fine, the command is not."""


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except MailSourceUnavailable:
        raise
    except _LOST as error:
        raise MailSourceUnavailable(f"{doing}: {_shown(error)}") from error


def _shown(error: Exception) -> str:
    """What the server or the system said, without the command that carried the password."""
    result = getattr(error, "command_result", None)
    text = str(result[1]) if isinstance(result, tuple) and len(result) > 1 else str(error)
    return text[:300] or type(error).__name__


def _set(uids: Sequence[int]) -> str:
    return ",".join(str(uid) for uid in uids)
