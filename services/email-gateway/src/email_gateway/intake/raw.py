"""A mail as it came in, before anybody looked at it."""

from dataclasses import dataclass
from typing import Literal

Via = Literal["imap", "smtp", "lmtp", "api"]


@dataclass(frozen=True, slots=True)
class RawMail:
    """`recipients` are the envelope's; over IMAP the mailbox's address.

    `oversize`: only the header block was fetched, the whole mail is still in its mailbox.
    `withheld`: the same, because the mailbox's server did not hand out the rest.
    """

    raw: bytes
    via: Via
    mailbox_id: str | None = None
    envelope_sender: str | None = None
    recipients: tuple[str, ...] = ()
    uidvalidity: int = 0
    uid: int = 0
    oversize: bool = False
    withheld: bool = False
