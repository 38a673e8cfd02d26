"""Where a header block ends and which fields it has, for blocks that are damaged too."""

import re

from email_gateway.parsing.headers import Headers
from email_gateway.parsing.limits import Limits, QuarantineError, QuarantineReason

_HEADER_END = re.compile(rb"\n\r*\n")
_FIELD_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_REGULAR_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:((?:[^\n]*\n)(?:[ \t][^\n]*\n)*)")
_KNOWN_FIELD = re.compile(
    rb"^(?:from|to|cc|subject|date|message-id|content-type|content-transfer-encoding|mime-version"
    rb"|received|return-path|reply-to):",
    re.IGNORECASE | re.MULTILINE,
)


def read_headers(raw: bytes, start: int, end: int, limits: Limits) -> tuple[Headers, int]:
    """Fields of the header block at `start` and the position of the body.

    :raises QuarantineError: block over `header_bytes` or `headers`.
    """
    if raw[start : start + 2].lstrip(b"\r").startswith(b"\n"):
        return Headers([]), raw.index(b"\n", start) + 1
    found = _HEADER_END.search(raw, start, end)
    block_end, body_start = (found.start() + 1, found.end()) if found else (end, end)
    regular = _regular_fields(raw, start, block_end, limits)
    if regular is not None:
        return Headers(regular), body_start
    fields: list[tuple[str, list[bytes]]] = []
    last_known = -1
    position = start
    while position < block_end:
        _check_header_size(position - start, len(fields), limits)
        newline = raw.find(b"\n", position, block_end)
        line_end = block_end if newline < 0 else newline + 1
        if not _add_line(raw[position:line_end], fields, first=position == start):
            if last_known < 0:
                last_known = _last_known_field(
                    raw, start, min(block_end, start + limits.header_bytes)
                )
            if position > last_known:
                body_start = position  # the blank line is missing
                break
        position = line_end
    _check_header_size(position - start, len(fields), limits)
    return Headers([(name, b"".join(lines)) for name, lines in fields]), body_start


def _regular_fields(
    raw: bytes, start: int, end: int, limits: Limits
) -> list[tuple[str, bytes]] | None:
    """The fields of a block without any stray line, which is nearly every one; else None."""
    if end - start > limits.header_bytes:
        return None
    fields: list[tuple[str, bytes]] = []
    while start < end:
        found = _REGULAR_FIELD.match(raw, start, end)
        if found is None or len(fields) >= limits.headers:
            return None
        fields.append((found.group(1).decode("latin-1").lower(), found.group(2)))
        start = found.end()
    return fields


def _last_known_field(raw: bytes, start: int, end: int) -> int:
    """Where the last well-known field begins; a stray line before it is no body text."""
    return max((match.start() for match in _KNOWN_FIELD.finditer(raw, start, end)), default=start)


def _add_line(line: bytes, fields: list[tuple[str, list[bytes]]], *, first: bool) -> bool:
    """Add one header line; False when it is neither a field nor a continuation."""
    if line[:1] in (b" ", b"\t"):
        if fields:
            fields[-1][1].append(line)
        return True
    found = _FIELD_NAME.match(line)
    if found is None:
        return first and line.startswith((b"From ", b">From "))
    fields.append((found.group(1).decode("latin-1").lower(), [line[found.end() :]]))
    return True


def _check_header_size(size: int, count: int, limits: Limits) -> None:
    if size > limits.header_bytes:
        raise QuarantineError(
            QuarantineReason.HEADER_TOO_LARGE, f"header block over {limits.header_bytes} bytes"
        )
    if count > limits.headers:
        raise QuarantineError(
            QuarantineReason.TOO_MANY_HEADERS, f"more than {limits.headers} header fields"
        )
