"""The port of mail sources. One conformance suite proves every adapter against a real server.

All calls end: each has a deadline, and a lost connection is an error, never a wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class MailSourceError(Exception):
    """The base of what a source raises."""


class MailSourceAuthError(MailSourceError):
    """The server refused the login: permanent until somebody changes the password."""


class MailSourceUnavailable(MailSourceError):  # noqa: N818 - says what the source is
    """The server cannot be reached or cut the connection: try later."""


@dataclass(frozen=True, slots=True)
class MailboxState:
    """What SELECT said. A changed `uidvalidity` means that all UIDs are new."""

    uidvalidity: int
    uidnext: int


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """One message. `oversize`: larger than the limit, so `raw` holds its headers only.

    `withheld`: the server lists it but does not hand it out; `raw` holds what came, if anything.
    """

    uid: int
    internaldate: datetime | None
    raw: bytes
    oversize: bool = False
    withheld: bool = False


class MailSource(Protocol):
    """One connection to one mailbox."""

    async def connect(self) -> None: ...

    async def select(self, folder: str) -> MailboxState: ...

    async def uids_since(self, uid: int, limit: int) -> list[int]:
        """UIDs above `uid`, lowest first, at most `limit`."""
        ...

    async def fetch(self, uids: Sequence[int]) -> list[FetchedMail]:
        """The messages, without setting \\Seen; those that are gone meanwhile are missing."""
        ...

    async def mark_done(self, uids: Sequence[int]) -> None:
        """Set \\Seen."""
        ...

    async def move(self, uids: Sequence[int], folder: str) -> None: ...

    async def wait(self, timeout: float) -> bool:
        """True when the server says that something is new, False after `timeout` seconds."""
        ...

    async def close(self) -> None: ...
