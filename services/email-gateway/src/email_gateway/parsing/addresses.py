"""Address lists of untrusted headers, in one linear pass (RFC 5322 3.4, tolerant)."""

import re
from dataclasses import dataclass, field

from email_gateway.parsing.headers import decode_header

_SIMPLE = re.compile(rb"^([^<>\"(),;:@\\]*)<([^<>\s\"(),;:@\\]+@[^<>\s\"(),;:@\\]+)>$")
_BARE = re.compile(rb"^[^<>\s\"(),;:@\\]+@[^<>\s\"(),;:@\\]+$")
# An encoded word counts as one: broken clients leave commas inside.
_SPECIAL = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,400}\?=|[\\\"(),;<>:]")
_ADDRESS = re.compile(
    r"[^\s<>\"'(),;:@\[\]\\]{1,128}@(?:[^\s<>\"'(),;:@\[\]\\]{1,255}|\[[0-9a-fA-F.:]{3,60}\])"
)
_MAX_ADDRESS_CHARS = 320  # RFC 5321: 64 + "@" + 255
_MAX_NAME_CHARS = 255


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: display name ("" when absent) and address (domain in lower case)."""

    name: str
    email: str


@dataclass(slots=True)
class _Pending:
    """The mailbox under construction while a header value is scanned."""

    pieces: list[str] = field(default_factory=list)
    angle: str | None = None
    comment: str = ""


def parse_addresses(value: bytes, limit: int, fallback_charset: str = "") -> list[Address]:
    """Mailboxes of a header value, at most `limit`; parts without an address are left out."""
    value = value.strip()
    simple = _SIMPLE.match(value)
    if simple:
        return [_address(_name(simple.group(1), fallback_charset), simple.group(2))]
    if _BARE.match(value):
        return [_address("", value)]
    found: list[Address] = []
    for pending in _scan(value.decode("latin-1"), limit + 20):
        address = _finish(pending, fallback_charset)
        if address is not None and len(found) < limit:
            found.append(address)
    return found or _first_in_text(decode_header(value[:4096], fallback_charset))


def _first_in_text(text: str) -> list[Address]:
    """For mailboxes written into one encoded word, or with quotes that never close."""
    match = _ADDRESS.search(text)
    if match is None:
        return []
    return [Address(text[: match.start()].strip(' "<\\')[:_MAX_NAME_CHARS], _lower(match.group()))]


def _scan(text: str, limit: int) -> list[_Pending]:
    """Split at commas and semicolons outside quotes, comments and angle brackets."""
    done: list[_Pending] = []
    current = _Pending()
    position = 0
    last_semicolon = text.rfind(";")
    while len(done) < limit:
        match = _SPECIAL.search(text, position)
        if match is None:
            current.pieces.append(text[position:])
            done.append(current)
            break
        current.pieces.append(text[position : match.start()])
        position = match.end()
        mark = match.group()
        if len(mark) > 1:
            current.pieces.append(mark)
        elif mark in ",;":
            done.append(current)
            current = _Pending()
        elif mark == ":":
            _colon(current, in_group=position < last_semicolon)
        else:
            position = _enclosed(text, position, mark, current)
    return done


def _enclosed(text: str, position: int, mark: str, current: _Pending) -> int:
    """Take what the opening `mark` before `position` encloses; the position behind it."""
    if mark == '"':
        # A quote that is never closed is a stray character, not the start of a name.
        if text.find('"', position) < 0:
            return position
        quoted, position = _quoted(text, position)
        current.pieces.append(quoted)
    elif mark == "(":
        comment, position = _comment(text, position)
        current.comment = current.comment or comment
    elif mark == "<":
        end = text.find(">", position)
        end = len(text) if end < 0 else end
        current.angle, position = text[position:end], end + 1
    elif mark == "\\":
        current.pieces.append(text[position : position + 1])
        position += 1
    return position


def _colon(current: _Pending, *, in_group: bool) -> None:
    """Drop `mailto:` and the name of a group (`undisclosed-recipients:;`); keep other colons."""
    phrase = "".join(current.pieces[:2]).strip().lower()
    if phrase == "mailto" or (in_group and "@" not in phrase):
        current.pieces.clear()
    else:
        current.pieces.append(":")


def _quoted(text: str, position: int) -> tuple[str, int]:
    pieces: list[str] = []
    while True:
        end = position
        while end < len(text) and text[end] not in '"\\':
            end += 1
        pieces.append(text[position:end])
        if end >= len(text):
            return "".join(pieces), end
        if text[end] == '"':
            return "".join(pieces), end + 1
        pieces.append(text[end + 1 : end + 2])
        position = end + 2


def _comment(text: str, position: int) -> tuple[str, int]:
    depth = 1
    start = position
    while position < len(text):
        char = text[position]
        position += 2 if char == "\\" else 1
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return text[start : position - 1], position
    return text[start:], position


def _finish(pending: _Pending, fallback_charset: str) -> Address | None:
    phrase = "".join(pending.pieces)
    source = pending.angle if pending.angle is not None else phrase
    match = _ADDRESS.search(source[:4096].strip().removeprefix("mailto:"))
    if match is None and pending.angle is not None:
        match = _ADDRESS.search(phrase[:4096])
    if match is None:
        return None
    if pending.angle is None or (match.group() in phrase and phrase.strip() != match.group()):
        phrase = phrase.replace(match.group(), " ", 1)
    shown = phrase.strip() or pending.comment
    name = _name(shown.encode("latin-1", "replace"), fallback_charset)
    return _address(name, match.group().encode("latin-1"), fallback_charset)


def _name(raw: bytes, fallback_charset: str) -> str:
    name = decode_header(raw, fallback_charset)
    name = " ".join(name.split()).strip("\"'<> ")
    return name[:_MAX_NAME_CHARS]


def _address(name: str, raw: bytes, fallback_charset: str = "") -> Address:
    email = _lower(decode_header(raw, fallback_charset)[:_MAX_ADDRESS_CHARS].strip("'."))
    return Address("" if name == email else name, email)


def _lower(email: str) -> str:
    local, _, domain = email.rpartition("@")
    return f"{local}@{domain.lower()}"
