"""Size and shape limits of one inbound mail (email.md 3.8).

A mail over a limit is quarantined with a reason; it never stops its mailbox.
"""

from dataclasses import dataclass
from enum import StrEnum


class QuarantineReason(StrEnum):
    """Why a mail is set aside instead of parsed. Values are stable and stored."""

    RAW_TOO_LARGE = "raw_too_large"
    HEADER_TOO_LARGE = "header_too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY_PARTS = "too_many_parts"
    TOO_MANY_HEADERS = "too_many_headers"
    UNPARSABLE = "unparsable"
    WITHHELD = "withheld"


class QuarantineError(Exception):
    """The mail is outside the limits; keep the raw bytes and let a person look at it."""

    def __init__(self, reason_code: QuarantineReason, detail: str) -> None:
        super().__init__(f"{reason_code}: {detail}")
        self.reason_code = reason_code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of one mail. Sizes are bytes unless the name says otherwise.

    `raw_bytes`, `header_bytes`, `headers`, `depth` and `parts` quarantine; the others only
    shorten the derived fields (`ParsedMail.truncated` names them), the raw mail stays whole.
    """

    raw_bytes: int = 25 * 1024 * 1024
    header_bytes: int = 256 * 1024
    headers: int = 5_000
    depth: int = 50
    parts: int = 500
    references: int = 100
    addresses: int = 1_000
    subject_chars: int = 998
    text_chars: int = 2_000_000
    html_chars: int = 1_000_000
    report_bytes: int = 256 * 1024


DEFAULT_LIMITS = Limits()


def check_raw_size(raw: bytes, limits: Limits) -> None:
    """Refuse an over-size mail before any byte of it is looked at."""
    if len(raw) > limits.raw_bytes:
        raise QuarantineError(
            QuarantineReason.RAW_TOO_LARGE,
            f"{len(raw)} bytes, limit {limits.raw_bytes}",
        )
