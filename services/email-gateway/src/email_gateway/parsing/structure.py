"""MIME tree of a mail as slices of its raw bytes; limits are enforced while it is built.

The standard parser (compat32) recurses per level, takes time in proportion to lines times depth
and re-serialises nested messages; this one is linear per level and keeps attachments byte-exact.
The corpus test compares both on every mail.
"""

import binascii
import re
from dataclasses import dataclass, field

from email_gateway.parsing.header_block import read_headers
from email_gateway.parsing.headers import Headers, decode_base64, parse_parameters
from email_gateway.parsing.limits import Limits, QuarantineError, QuarantineReason

_LOOSE_SOFT_BREAK = re.compile(rb"=[ \t]+\r?\n")
_MAX_DELIMITER_HITS = 100_000
_MAX_UU_LINES = 600_000
_GUESSED_BOUNDARY = re.compile(rb"(?:\A|\n)--([^\s-][^\r\n]{0,198}[^\r\n-])\r?\n[Cc]ontent-")


@dataclass(slots=True)
class Part:
    """One node of the MIME tree. `start` and `end` delimit the body in `raw`."""

    raw: bytes
    headers: Headers
    start: int
    end: int
    index: str
    content_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    children: list["Part"] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """Body bytes as transmitted."""
        return self.raw[self.start : self.end]

    def payload(self) -> bytes:
        """Body bytes with the transfer encoding removed; broken encodings give what is readable."""
        encoding = self.headers.raw("content-transfer-encoding").strip(b" \t\"';.").lower()
        body = self.body
        if encoding == b"base64":
            return decode_base64(body)
        if encoding == b"quoted-printable":
            if b"= " in body or b"=\t" in body:
                body = _LOOSE_SOFT_BREAK.sub(b"=\n", body)
            return binascii.a2b_qp(body)
        if encoding in (b"x-uuencode", b"uuencode", b"uue", b"x-uue"):
            return _decode_uu(body)
        return body


class _Builder:
    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.raw = raw
        self.limits = limits
        self.parts = 0

    def build(self, start: int, end: int, index: str, depth: int, default_type: str) -> Part:
        if depth > self.limits.depth:
            raise QuarantineError(
                QuarantineReason.TOO_DEEP, f"nesting deeper than {self.limits.depth}"
            )
        self.parts += 1
        if self.parts > self.limits.parts:
            raise QuarantineError(
                QuarantineReason.TOO_MANY_PARTS, f"more than {self.limits.parts} parts"
            )
        headers, body_start = read_headers(self.raw, start, end, self.limits)
        part = Part(self.raw, headers, body_start, end, index)
        part.content_type, part.parameters = _content_type(headers, default_type)
        if part.content_type.startswith("multipart/"):
            self._add_children(part, depth)
        return part

    def _add_children(self, part: Part, depth: int) -> None:
        boundary = part.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
        spans = self._spans(boundary, part) if boundary else []
        if not spans and (guess := _GUESSED_BOUNDARY.search(part.body[:4096])):
            spans = self._spans(guess.group(1), part)
        if not spans:
            part.content_type = "text/plain"  # nothing to split: what is there is the text
            return
        digest = part.content_type == "multipart/digest"
        child_type = "message/rfc822" if digest else "text/plain"
        prefix = f"{part.index}." if part.index else ""
        for number, (start, end) in enumerate(spans, 1):
            child = self.build(start, end, f"{prefix}{number}", depth + 1, child_type)
            part.children.append(child)

    def _spans(self, boundary: bytes, part: Part) -> list[tuple[int, int]]:
        """Body ranges between delimiter lines; the last one ends with the part if unclosed."""
        spans: list[tuple[int, int]] = []
        opened: int | None = None
        delimiter = b"--" + boundary
        at = self.raw.find(delimiter, part.start, part.end)
        for _ in range(_MAX_DELIMITER_HITS):
            if at < 0:
                break
            line_end = self.raw.find(b"\n", at, part.end)
            line_end = part.end if line_end < 0 else line_end
            tail = self.raw[at + len(delimiter) : min(line_end, at + len(delimiter) + 80)].strip()
            if tail in (b"", b"--") and (at == part.start or self.raw[at - 1 : at] == b"\n"):
                if opened is not None:
                    spans.append((opened, max(opened, _before_newline(self.raw, at))))
                opened = min(line_end + 1, part.end)
                if tail == b"--":
                    return spans
                if len(spans) > self.limits.parts:
                    break
            at = self.raw.find(delimiter, max(line_end, at + 1), part.end)
        else:
            raise QuarantineError(
                QuarantineReason.TOO_MANY_PARTS, "too many lines that look like a delimiter"
            )
        if opened is not None and opened < part.end:
            spans.append((opened, part.end))
        return spans


def _before_newline(raw: bytes, at: int) -> int:
    """The line break before a delimiter belongs to the delimiter (RFC 2046 5.1.1)."""
    if raw[at - 1 : at] == b"\n":
        at -= 1
        if raw[at - 1 : at] == b"\r":
            at -= 1
    return at


def _content_type(headers: Headers, default_type: str) -> tuple[str, dict[str, str]]:
    value = headers.raw("content-type")
    if not value:
        return default_type, {}
    content_type, parameters = parse_parameters(value, headers.fallback_charset)
    if content_type.count("/") != 1:
        guess = "text/plain" if content_type in ("text", "") else content_type
        return (guess if "/" in guess else default_type), parameters
    return content_type, parameters


def _decode_uu(body: bytes) -> bytes:
    if body.count(b"\n") > _MAX_UU_LINES:
        return body
    decoded = []
    for line in body.splitlines():
        if line.startswith((b"begin ", b"end")) or not line:
            continue
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Writers that count bytes wrongly: take what the length character promises.
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                decoded.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                continue
    return b"".join(decoded)


def parse_structure(raw: bytes, limits: Limits) -> Part:
    """Build the MIME tree of `raw`.

    :raises QuarantineError: header block, depth or number of parts over the limit.
    """
    if b"\n" not in raw[: limits.header_bytes]:
        raw = raw.replace(b"\r", b"\n")  # classic Mac line ends
    start = len(raw) - len(raw.lstrip(b"\r\n")) if raw[:1] in (b"\r", b"\n") else 0
    if raw.startswith(b"\xef\xbb\xbf"):
        start = 3
    return _Builder(raw, limits).build(start, len(raw), "", 0, "text/plain")
