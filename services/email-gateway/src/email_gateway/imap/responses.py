"""Reading of IMAP FETCH responses as imaplib hands them out (RFC 3501 7.4.2)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_DATE = re.compile(
    rb'INTERNALDATE "([ 0123]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"'
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Refused now, not for good (RFC 5530, and what Exchange and Gmail write).
_TEMPORARY = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|OVERQUOTA)\]|temporar|try again|too many|throttl"
    r"|not connected|backend|internal error|timed? ?out",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Listed:
    """What the server says of a mail before it is downloaded. `size` is in bytes."""

    uid: int
    size: int
    internaldate: datetime | None


def is_temporary_refusal(text: str) -> bool:
    """Whether a refused login may succeed later with the same password."""
    return _TEMPORARY.search(text) is not None


def read_listing(data: Sequence[object]) -> list[Listed]:
    """Answers to FETCH (UID RFC822.SIZE INTERNALDATE); other unsolicited data is skipped."""
    found: dict[int, Listed] = {}
    for line in data:
        if not isinstance(line, bytes):
            continue
        uid, size = _UID.search(line), _SIZE.search(line)
        if uid and size:
            number = int(uid.group(1))
            found[number] = Listed(number, int(size.group(1)), _internaldate(line))
    return [found[number] for number in sorted(found)]


def read_bodies(data: Sequence[object]) -> Iterator[tuple[int, bytes]]:
    """UID and literal of each mail; servers put the UID before or after the literal."""
    for position, item in enumerate(data):
        if not isinstance(item, tuple):
            continue
        head, literal = item[0], item[1]
        uid = _UID.search(head)
        if uid is None and position + 1 < len(data):
            after = data[position + 1]
            uid = _UID.search(after) if isinstance(after, bytes) else None
        if uid is not None:
            yield int(uid.group(1)), bytes(literal)


def _internaldate(line: bytes) -> datetime | None:
    found = _DATE.search(line)
    if found is None:
        return None
    day, month, year, hour, minute, second, sign, off_hours, off_minutes = found.groups()
    offset = timedelta(hours=int(off_hours), minutes=int(off_minutes))
    zone = timezone(-offset if sign == b"-" else offset)
    try:
        number = _MONTHS.index(month.decode().lower()) + 1
        local = datetime(
            int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=zone
        )
    except ValueError:
        return None
    return local.astimezone(UTC)
