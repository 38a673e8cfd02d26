"""Outgoing messages: from a plain description to the bytes on the wire (RFC 5322, 2047, 3834).

Nothing in a description can add a header: line ends in any field become spaces.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any

from email_gateway.parsing.automation import LOOP_HEADER
from email_gateway.parsing.quick_build import people, plain_message
from email_gateway.parsing.reply import REPLY_MARKER

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,900}>")
_ADDRESS = re.compile(r"[\x21-\x7e]{1,64}@[A-Za-z0-9.\[\]:-]{1,255}")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")
_BODY_TAG = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
# 7bit: no server on the way has to know 8BITMIME.
_POLICY = SMTP.clone(max_line_length=200, refold_source="none", cte_type="7bit")
_MAX_NAME = 200
_MAX_SUBJECT = 900
_MAX_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class OutgoingAttachment:
    """A file that goes along. `content_id` (without brackets) is what the HTML's `cid:` names."""

    filename: str
    content_type: str
    content: bytes
    inline: bool = False
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingSpec:
    """A message to be built. People are (name, address); Bcc is the envelope's matter only.

    `from_name` stands before the support address (S2-112), `reply_to` is the support address,
    usually with a reply token. `automatic` marks the mail for RFC 3834 and leaves out the
    reply marker.
    """

    from_address: str
    subject: str
    text: str
    message_id: str
    from_name: str = ""
    reply_to: str | None = None
    to: Sequence[tuple[str, str]] = ()
    cc: Sequence[tuple[str, str]] = ()
    html: str | None = None
    attachments: Sequence[OutgoingAttachment] = field(default_factory=list)
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    automatic: bool = False


def build_message(spec: OutgoingSpec) -> bytes:
    """The bytes to send, with CRLF line ends.

    Recipients that are no RFC 5322 address and malformed references are left out of the headers.

    :raises ValueError: `from_address` or `message_id` is malformed.
    """
    if not _MESSAGE_ID.fullmatch(spec.message_id):
        raise ValueError(f"malformed Message-ID {spec.message_id!r}")
    return _quick(spec) or _with_library(spec)


def _quick(spec: OutgoingSpec) -> bytes | None:
    """The same for a plain mail, much faster; None where that cannot be."""
    if spec.html is not None or spec.attachments or not (spec.to or spec.cc):
        return None
    fields = [
        ("From", people([_named(spec.from_name, spec.from_address)])),
        *([("Reply-To", people([("", spec.reply_to)]))] if spec.reply_to else []),
        *([("To", people([_named(*each) for each in spec.to]))] if spec.to else []),
        *([("Cc", people([_named(*each) for each in spec.cc]))] if spec.cc else []),
        ("Subject", one_line(spec.subject)[:_MAX_SUBJECT]),
        ("Date", formatdate(usegmt=True)),
        ("Message-ID", spec.message_id),
        *_thread(spec),
        *_marks(spec),
    ]
    return plain_message(fields, _text(spec))


def _named(name: str, address: str) -> tuple[str, str]:
    return one_line(name)[:_MAX_NAME], one_line(address)


def _with_library(spec: OutgoingSpec) -> bytes:
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(spec.from_name, spec.from_address)
    if spec.reply_to:
        message["Reply-To"] = _address("", spec.reply_to)
    _people(message, "To", spec.to)
    _people(message, "Cc", spec.cc)
    if "To" not in message and "Cc" not in message:
        message["To"] = "undisclosed-recipients:;"
    message["Subject"] = one_line(spec.subject)[:_MAX_SUBJECT]
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = spec.message_id
    for name, value in [*_thread(spec), *_marks(spec)]:
        message[name] = value
    _content(message, spec)
    return message.as_bytes()


def one_line(value: str) -> str:
    """A header value without line ends or other control characters."""
    return _CONTROL.sub(" ", _utf8(value)).strip()


def _address(name: str, address: str) -> HeaderAddress:
    address = one_line(address)
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"malformed address {address!r}")
    return HeaderAddress(display_name=one_line(name)[:_MAX_NAME], addr_spec=address)


def _people(message: EmailMessage, header: str, people: Sequence[tuple[str, str]]) -> None:
    addresses = []
    for name, address in people:
        try:
            addresses.append(_address(name, address))
        except (ValueError, IndexError):
            continue  # the envelope still carries it, and the server answers for it
    if addresses:
        message[header] = addresses


def _thread(spec: OutgoingSpec) -> list[tuple[str, str]]:
    fields = []
    if spec.in_reply_to and _MESSAGE_ID.fullmatch(spec.in_reply_to):
        fields.append(("In-Reply-To", spec.in_reply_to))
    known = [each for each in spec.references if _MESSAGE_ID.fullmatch(each)]
    if len(known) > _MAX_REFERENCES:
        known = [known[0], *known[1 - _MAX_REFERENCES :]]  # the root keeps old clients' threads
    return [*fields, ("References", " ".join(known))] if known else fields


def _marks(spec: OutgoingSpec) -> list[tuple[str, str]]:
    """That it is ours, and that nobody needs to answer by machine (RFC 3834)."""
    if not spec.automatic:
        return [(LOOP_HEADER, "1")]
    submitted = "auto-replied" if spec.in_reply_to else "auto-generated"
    return [
        (LOOP_HEADER, "1"),
        ("Auto-Submitted", submitted),
        ("X-Auto-Response-Suppress", "All"),
    ]


def _text(spec: OutgoingSpec) -> str:
    """The text, under the marker where somebody may answer."""
    return _clean(spec.text if spec.automatic else f"{REPLY_MARKER}\n\n{spec.text}")


def _content(message: EmailMessage, spec: OutgoingSpec) -> None:
    html = spec.html
    if not spec.automatic and html is not None:
        html = _with_marker(html)
    message.set_content(_text(spec))
    related = [a for a in spec.attachments if html is not None and a.inline and a.content_id]
    if html is not None:
        message.add_alternative(_clean(html), subtype="html")
        body = message.get_body(("html",)) or message
        for each in related:
            body.add_related(each.content, **_file_headers(each))
    for each in spec.attachments:
        if each not in related:
            message.add_attachment(each.content, **_file_headers(each))


def _with_marker(html: str) -> str:
    marker = f"<p>{REPLY_MARKER}</p>"
    body = _BODY_TAG.search(html)
    at = body.end() if body else 0
    return f"{html[:at]}{marker}{html[at:]}"


def _file_headers(attachment: OutgoingAttachment) -> dict[str, Any]:
    main, _, sub = _content_type(attachment).partition("/")
    headers: dict[str, Any] = {
        "maintype": main,
        "subtype": sub,
        "filename": one_line(attachment.filename) or "attachment",
        "disposition": "inline" if attachment.inline else "attachment",
    }
    if attachment.content_id:
        headers["cid"] = f"<{one_line(attachment.content_id).strip('<>')}>"
    return headers


def _content_type(attachment: OutgoingAttachment) -> str:
    # Nested messages and multiparts go as files: they were taken out as bytes.
    kind = attachment.content_type.lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        return "application/octet-stream"
    return kind


def _clean(text: str) -> str:
    return _utf8(text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n"))


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
