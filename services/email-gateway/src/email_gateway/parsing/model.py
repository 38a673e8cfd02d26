"""Values a parsed mail consists of; all frozen, nothing here touches the network or a database."""

from dataclasses import dataclass
from datetime import datetime

from email_gateway.parsing.addresses import Address
from email_gateway.parsing.headers import Headers


@dataclass(frozen=True, slots=True)
class AttachmentMeta:
    """What is known of an attachment without storing it.

    An attachment is every leaf that is not body text: files, inline images, nested messages,
    calendar parts, and each member of a winmail.dat. An HTML twin of the text is not one.
    `index` is the place in `ParsedMail.attachments`, from 0. `path` is the MIME part's number
    (`2`, `1.2`, `0` for the whole mail) plus `#n` for the n-th member of a winmail.dat.
    `size` is in bytes after the transfer encoding is removed.
    """

    index: int
    path: str
    filename: str
    content_type: str
    size: int
    inline: bool
    content_id: str | None


@dataclass(frozen=True, slots=True)
class ReportPart:
    """Text of a machine-readable part: delivery status, returned headers, feedback, calendar."""

    content_type: str
    text: str


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One inbound mail. Times are UTC; texts carry no NUL, control characters or surrogates.

    `sender` is the From mailbox, or Reply-To, Return-Path, Sender when From is unusable
    (`sender_source` names the header, "" when none had an address). Mail of the receiving host
    itself may carry a bare local part such as `MAILER-DAEMON`.
    `message_id` keeps its angle brackets; `message_id_synthesised` marks one made from the
    content hash because the mail had none. `html` is raw: sanitise before showing it.
    `truncated` names fields shortened by `Limits`; the raw mail is the complete record.
    """

    subject: str
    sender: Address | None
    sender_source: str
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    return_path: str | None
    delivered_to: tuple[str, ...]
    date: datetime | None
    message_id: str
    message_id_synthesised: bool
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    text: str
    html: str | None
    attachments: tuple[AttachmentMeta, ...]
    report_parts: tuple[ReportPart, ...]
    content_type: str
    report_type: str
    headers: Headers
    sha256: str
    truncated: tuple[str, ...]
