"""Header fields of one part: raw bytes in, decoded text on demand.

Own RFC 2047/2231 decoding because the standard library is quadratic on hostile headers and
raises on broken charsets (email.md 4.1). Every function is linear and total.
"""

import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from email_gateway.parsing.charsets import clean_text, decode_bytes

# Begins at the first of several carriage returns: elsewhere a long run of them costs its square.
_FOLD = re.compile(rb"(?<!\r)\r*\n[ \t]*")
_MAX_PARAMETER_BYTES = 16 * 1024
_MAX_PARAMETERS = 200
_PARAMETER = re.compile(
    rb";[\s;]{0,20}([^\s=;\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"?|([^;]*))", re.DOTALL
)
_NEXT_WORD = re.compile(rb"\s*=\?")
_ESCAPED = re.compile(rb"\\([\"\\])")
_PADDING_INSIDE = re.compile(rb"=\s*[A-Za-z0-9+/]")
_PADDING = re.compile(rb"=+")
_MORE_BASE64 = re.compile(rb"[A-Za-z0-9+/=\r\n]{16,}\Z")
_MAX_PIECES = 10_000
_SECTION = re.compile(r"^([^*]+)(?:\*(\d{1,3}))?(\*)?$")


class Headers:
    """Ordered, case-insensitive header fields of one part."""

    __slots__ = ("_fields", "_values", "fallback_charset")

    def __init__(self, fields: list[tuple[str, bytes]]) -> None:
        """`fields`: lower-case name and raw (still folded) value, in the order of the mail."""
        self._fields = fields
        self._values: dict[str, list[bytes]] = {}
        for name, value in fields:
            self._values.setdefault(name, []).append(value)
        self.fallback_charset = ""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, self._decode(value)) for name, value in self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> bytes:
        """Unfolded bytes of the first field `name` (lower case), b"" when absent."""
        values = self._values.get(name)
        return unfold(values[0]) if values else b""

    def raw_all(self, name: str) -> list[bytes]:
        """Unfolded bytes of every field `name`, top-most first."""
        return [unfold(value) for value in self._values.get(name, ())]

    def text(self, name: str) -> str:
        """Decoded text of the first field `name`, "" when absent."""
        return self._decode(self.raw(name))

    def text_all(self, name: str) -> list[str]:
        """Decoded text of every field `name`, top-most first."""
        return [self._decode(value) for value in self._values.get(name, ())]

    def _decode(self, value: bytes) -> str:
        return decode_header(value, self.fallback_charset)


def unfold(value: bytes) -> bytes:
    """Join folded lines by one space and strip the ends."""
    if b"\n" in value:
        value = _FOLD.sub(b" ", value)
    return value.strip()


def decode_header(value: bytes, fallback_charset: str = "") -> str:
    """Readable text of a header value (RFC 2047), including raw 8-bit and broken words."""
    value = unfold(value)
    if b"=?" not in value:
        if value.isascii() and b"\x1b" not in value and b"+" not in value:
            return clean_text(value.decode("ascii"))
        return clean_text(decode_bytes(value, fallback=fallback_charset))
    return clean_text("".join(_decode_runs(value, fallback_charset)))


def _decode_runs(value: bytes, fallback_charset: str) -> Iterator[str]:
    """Yield text, joining neighbouring encoded words of one charset before they are decoded."""
    pending = b""
    charset = ""
    for kind, label, data in _tokens(value):
        if kind == "word" and pending and label.lower() == charset.lower():
            pending += data
            continue
        if pending:
            yield decode_bytes(pending, charset, fallback_charset)
            pending = b""
        if kind == "word":
            pending, charset = data, label
        else:
            yield decode_bytes(data, fallback=fallback_charset)
    if pending:
        yield decode_bytes(pending, charset, fallback_charset)


def _tokens(value: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Split into ("text", "", bytes) and ("word", charset, decoded bytes), in one linear pass."""
    position = 0
    after_word = False
    open_base64 = b""  # base64 cut between two words without regard for its groups of four
    while position < len(value):
        word = _word_at(value, position)
        if word is None:
            yield "text", "", value[position:]
            return
        start, end, charset, encoding, data = word
        between = value[position:start]
        if between and not (after_word and between.isspace()):
            yield "text", "", between
            open_base64 = b""
        if encoding == b"b":
            data = open_base64 + data
            keep = len(data) % 4 if not data.endswith(b"=") and _word_follows(value, end) else 0
            open_base64 = data[len(data) - keep :] if keep else b""
            data = data[: len(data) - keep]
        yield "word", charset, _decode_word(encoding, data)
        position, after_word = end, True


def _word_follows(value: bytes, position: int) -> bool:
    return _NEXT_WORD.match(value, position) is not None


def _word_at(value: bytes, position: int) -> tuple[int, int, str, bytes, bytes] | None:
    """Next encoded word at or after `position`: start, end, charset, b"q"/b"b", encoded text."""
    start = value.find(b"=?", position)
    while start >= 0:
        charset_end = value.find(b"?", start + 2, start + 80)
        if charset_end > start + 2 and value[charset_end + 2 : charset_end + 3] == b"?":
            encoding = value[charset_end + 1 : charset_end + 2].lower()
            if encoding in (b"q", b"b"):
                end = value.find(b"?=", charset_end + 3)
                if end < 0:
                    return None
                charset = value[start + 2 : charset_end].split(b"*")[0].decode("latin-1")
                return start, end + 2, charset, encoding, value[charset_end + 3 : end]
        start = value.find(b"=?", start + 2)
    return None


def _decode_word(encoding: bytes, data: bytes) -> bytes:
    if encoding == b"b":
        return decode_base64(data)
    return binascii.a2b_qp(data, header=True)


def decode_base64(data: bytes) -> bytes:
    """Base64 without complaints: foreign characters skipped, missing padding supplied.

    Pieces that were padded one by one are joined; a text footer behind the padding is dropped.
    """
    padded = _PADDING_INSIDE.search(data)
    if padded and _MORE_BASE64.match(data, padded.end() - 1):
        pieces = _PADDING.split(data, maxsplit=_MAX_PIECES)
        return b"".join(decode_base64(piece) for piece in pieces[:_MAX_PIECES])
    for attempt in (data, data + b"=="):
        try:
            return binascii.a2b_base64(attempt)
        except binascii.Error:
            continue
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def parse_parameters(value: bytes, fallback_charset: str = "") -> tuple[str, dict[str, str]]:
    """Split `type/sub; a=b; c*0*=...` into the lower-case token and its decoded parameters."""
    value = value[:_MAX_PARAMETER_BYTES]
    head, separator, rest = value.partition(b";")
    token, _, stray = head.strip(b" \t\r\n\"'").lower().decode("latin-1").partition(" ")
    if "=" in stray:  # the semicolon after the token was forgotten
        rest = head.strip().partition(b" ")[2] + separator + rest
    elif not separator:
        return token, {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for number, match in enumerate(_PARAMETER.finditer(b";" + rest)):
        if number >= _MAX_PARAMETERS:
            break
        _collect(match, sections)
    return token, {name: _join(parts, fallback_charset) for name, parts in sections.items()}


def _collect(match: re.Match[bytes], sections: dict[str, dict[int, tuple[bytes, bool]]]) -> None:
    quoted = match.group(2)
    raw = _ESCAPED.sub(rb"\1", quoted) if quoted is not None else match.group(3).strip()
    found = _SECTION.match(match.group(1).decode("latin-1").lower())
    if found is None:
        return
    name, number, extended = found.groups()
    # RFC 2231 continuations win over a plain twin, which is usually an ASCII stand-in.
    index = int(number) if number else 0
    parts = sections.setdefault(name, {})
    if index not in parts or (extended and not parts[index][1]):
        parts[index] = (raw, bool(extended))


def _join(parts: dict[int, tuple[bytes, bool]], fallback_charset: str) -> str:
    charset = ""
    joined = b""
    any_extended = False
    for index in sorted(parts):
        raw, extended = parts[index]
        if extended:
            any_extended = True
            if index == 0 and raw.count(b"'") >= 2:
                label, _, raw = raw.split(b"'", 2)
                charset = label.decode("latin-1")
            raw = unquote_to_bytes(raw)
        joined += raw
    if any_extended and b"=?" not in joined:
        return clean_text(decode_bytes(joined, charset, fallback_charset)).strip()
    return decode_header(joined, charset or fallback_charset).strip()
