"""`parse_mail`: raw bytes to `ParsedMail`, within limits, raising nothing but QuarantineError."""

import hashlib
import re
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz

from email_gateway.parsing.addresses import Address, parse_addresses
from email_gateway.parsing.attachments import content_at, contents_of, describe
from email_gateway.parsing.bodies import (
    Selection,
    declared_charset,
    html_text,
    part_text,
    plain_text,
    select_bodies,
)
from email_gateway.parsing.charsets import clean_text
from email_gateway.parsing.headers import Headers, decode_header
from email_gateway.parsing.html import html_to_text
from email_gateway.parsing.limits import (
    DEFAULT_LIMITS,
    Limits,
    QuarantineError,
    QuarantineReason,
    check_raw_size,
)
from email_gateway.parsing.model import AttachmentMeta, ParsedMail, ReportPart
from email_gateway.parsing.structure import Part, parse_structure

_ID = re.compile(r"<([^<>]{1,500})>")
_LOOSE_ID = re.compile(r"[^\s<>,;\"]{1,250}@[^\s<>,;\"]{1,250}")
_LOCAL_ONLY = re.compile(rb"(?:<|^)([A-Za-z0-9._-]{1,64})>?\s*$")
_SPACE = re.compile(r"\s+")
_REPORT_TYPES = (
    "message/delivery-status",
    "message/global-delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
    "text/calendar",
)
_FALLBACK_SENDERS = ("from", "reply-to", "return-path", "sender")
_SYNTHETIC_DOMAIN = "hash.patchbay.invalid"


def parse_mail(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> ParsedMail:
    """Read one mail as it came from the server.

    :raises QuarantineError: over a limit, or a structure nothing sensible can be read from.
    """
    check_raw_size(raw, limits)
    try:
        return _Reader(raw, limits).read()
    except (RecursionError, MemoryError) as error:
        raise QuarantineError(QuarantineReason.UNPARSABLE, type(error).__name__) from error


def extract_attachment(raw: bytes, index: int, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Decoded bytes of the attachment that `parse_mail` listed under `index`.

    :raises IndexError: the mail has no such attachment.
    :raises QuarantineError: as `parse_mail`.
    """
    check_raw_size(raw, limits)
    root = parse_structure(raw, limits)
    listed, _, _ = describe(select_bodies(root).attachments, limits)
    content = content_at(root, listed[index].path) if 0 <= index < len(listed) else None
    if content is None:
        raise IndexError(f"no attachment {index}")
    return content


def extract_attachments(
    raw: bytes, limits: Limits = DEFAULT_LIMITS
) -> list[tuple[AttachmentMeta, bytes]]:
    """Every attachment with its decoded bytes, reading the mail once.

    :raises QuarantineError: as `parse_mail`.
    """
    check_raw_size(raw, limits)
    root = parse_structure(raw, limits)
    listed, _, _ = describe(select_bodies(root).attachments, limits)
    return contents_of(root, listed)


class _Reader:
    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.raw = raw
        self.limits = limits
        self.truncated: list[str] = []
        self.root = parse_structure(raw, limits)
        self.selection = select_bodies(self.root)
        self.charset = next((declared_charset(p) for p in self.selection.text), "")
        self.headers: Headers = self.root.headers
        for part in (self.root, *self.selection.attachments):
            part.headers.fallback_charset = self.charset

    def read(self) -> ParsedMail:
        sender, sender_source = self._sender()
        digest = hashlib.sha256(self.raw).hexdigest()
        message_id = next(iter(_ids(self.headers.text("message-id"))), "")
        attachments, tnef_text, tnef_html = describe(self.selection.attachments, self.limits)
        text, html = self._bodies(self.selection, tnef_text, tnef_html)
        return ParsedMail(
            subject=self._subject(),
            sender=sender,
            sender_source=sender_source,
            to=self._addresses("to"),
            cc=self._addresses("cc"),
            reply_to=self._addresses("reply-to"),
            return_path=self._return_path(),
            delivered_to=self._delivered_to(),
            date=parse_date(self.headers.text("date")),
            message_id=message_id or f"<sha256-{digest}@{_SYNTHETIC_DOMAIN}>",
            message_id_synthesised=not message_id,
            in_reply_to=tuple(_ids(self.headers.text("in-reply-to"))[:10]),
            references=self._references(),
            text=text,
            html=html,
            attachments=tuple(attachments),
            report_parts=tuple(self._report_parts(self.root)),
            content_type=self.root.content_type,
            report_type=self.root.parameters.get("report-type", "").lower(),
            headers=self.headers,
            sha256=digest,
            truncated=tuple(self.truncated),
        )

    def _sender(self) -> tuple[Address | None, str]:
        for name in _FALLBACK_SENDERS:
            for value in self.headers.raw_all(name)[:5]:
                found = parse_addresses(value, 1, self.charset)
                if found:
                    return found[0], name
        value = self.headers.raw("from") or self.headers.raw("return-path")
        local = _LOCAL_ONLY.search(value[:1000])
        if local is None:
            return None, ""
        name = decode_header(value[: local.start()], self.charset).strip('" ')
        return Address(name, local.group(1).decode("ascii")), "from"

    def _subject(self) -> str:
        subject = " ".join(self.headers.text("subject").split())
        if len(subject) > self.limits.subject_chars:
            self.truncated.append("subject")
        return subject[: self.limits.subject_chars]

    def _addresses(self, name: str) -> tuple[Address, ...]:
        limit = self.limits.addresses
        found: dict[Address, None] = {}
        for value in self.headers.raw_all(name):
            for address in parse_addresses(value, limit + 1, self.charset):
                found[address] = None
        if len(found) > limit:
            self.truncated.append(name.replace("-", "_"))
        return tuple(found)[:limit]

    def _return_path(self) -> str | None:
        value = self.headers.raw("return-path")
        if not value and "return-path" not in self.headers:
            return None
        if value in (b"", b"<>"):
            return ""
        found = parse_addresses(value, 1)
        return found[0].email if found else None

    def _delivered_to(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for name in ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to"):
            for value in self.headers.raw_all(name)[:20]:
                for address in parse_addresses(value, 20):
                    found[address.email] = None
        return tuple(found)

    def _references(self) -> tuple[str, ...]:
        found = _ids(" ".join(self.headers.text_all("references")))
        if len(found) > self.limits.references:
            self.truncated.append("references")
            found = [found[0], *found[1 - self.limits.references :]]  # the root and the newest
        return tuple(found)

    def _bodies(self, chosen: Selection, tnef_text: str, tnef_html: str) -> tuple[str, str | None]:
        limits = self.limits
        text = plain_text(chosen, self.charset, limits)
        html = html_text(chosen, self.charset, limits) or tnef_html or None
        if not text.strip() and (tnef_text or tnef_html):
            text = tnef_text or html_to_text(tnef_html[: limits.html_chars])
        if len(text) > limits.text_chars:
            self.truncated.append("text")
        if html is not None and len(html) > limits.html_chars:
            self.truncated.append("html")
        return text[: limits.text_chars], html[: limits.html_chars] if html is not None else None

    def _report_parts(self, part: Part) -> list[ReportPart]:
        found: list[ReportPart] = []
        for child in part.children or [part]:
            if child.children:
                found.extend(self._report_parts(child))
            elif child.content_type in _REPORT_TYPES:
                short = Part(
                    child.raw,
                    child.headers,
                    child.start,
                    min(child.end, child.start + self.limits.report_bytes),
                    child.index,
                    child.content_type,
                    child.parameters,
                )
                text = part_text(short, self.charset, self.limits)
                found.append(ReportPart(child.content_type, text))
        return found[:20]


def _ids(value: str) -> list[str]:
    """Message ids with brackets, in order, without doubles; bare ids get their brackets."""
    found = [_SPACE.sub("", match) for match in _ID.findall(value)]
    if not found:
        found = _LOOSE_ID.findall(value)
    return list(dict.fromkeys(f"<{clean_text(one)}>" for one in found if one))


def parse_date(value: str) -> datetime | None:
    """UTC time of a Date header, None when absent or impossible."""
    if not value:
        return None
    try:
        parsed = parsedate_tz(value[:200])
        if parsed is None:
            return None
        datetime(*parsed[:6], tzinfo=UTC)  # mktime_tz would turn November 99th into February
        return datetime.fromtimestamp(mktime_tz(parsed), UTC)
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
