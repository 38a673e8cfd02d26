"""Ticket numbers in subjects, and subjects without reply prefixes for comparison only."""

import re

SUBJECT_NUMBER = re.compile(r"\[(?:[^\[\]\d]{0,40}\s)?(\d{4}-\d{4})\]")

# Re, Fwd and their kin as written by mail clients around the world.
_PREFIXES = (
    "re|r|rv|res|resp|rif|ri|aw|antw|antwort|sv|vs|vb|bls|ref|réf|rép|rép\\.|tr|odp|od|doruč|atb|ats|"
    "ynt|i̇lt|ilt|fw|fwd|fyi|wg|wtr|tr|enc|rv|rvd|i|vl|pd|továbbítás|vá|答复|回复|回覆|"
    "转发|轉寄|返信|転送|отв|ha|на|пересл|σχετ|πρθ|απ|הועבר|השב|رد|إعادة توجيه|trả lời|"
    "balas|yml|trs|trs\\.|kirja|nq|res:|доп|відп|回信|답장|회신|전달"
)
_PREFIX = re.compile(
    rf"^\s*(?:(?:{_PREFIXES})\s*(?:\[\d{{1,3}}\]|\(\d{{1,3}}\)|\^\d{{1,3}}|\*\d{{1,3}})?\s*[:\uff1a]"
    r"|\[(?:external|ext|extern|spam|\*+spam\*+)\])\s*",
    re.IGNORECASE,
)
_MAX_PREFIXES = 30


def subject_numbers(subject: str, pattern: re.Pattern[str] = SUBJECT_NUMBER) -> list[str]:
    """Ticket numbers in the subject, in order, without doubles (S2-94, S2-106).

    `pattern` has the number as its first group, or as the whole match. The number is guessable:
    it is evidence only for senders who are a party of the ticket (email.md point 7).
    """
    found: dict[str, None] = {}
    for match in pattern.finditer(subject[:2000]):
        found[match.group(1) if match.re.groups else match.group()] = None
    return list(found)


def strip_reply_prefixes(subject: str) -> str:
    """Subject without leading Re:, AW:, SV:, VS:, Fwd: and similar, white space collapsed."""
    subject = " ".join(subject.split())
    for _ in range(_MAX_PREFIXES):
        shorter = _PREFIX.sub("", subject, count=1)
        if shorter == subject or not shorter:
            break
        subject = shorter
    return subject


def same_subject(one: str, other: str) -> bool:
    """Whether two subjects differ only by reply prefixes and letter case."""
    return strip_reply_prefixes(one).casefold() == strip_reply_prefixes(other).casefold()
