"""Delivery failure reports: detection, failed recipients, status, original Message-ID.

Half of all bounces have no machine-readable part (email.md point 9), so the text is read too.
"""

import re
from dataclasses import dataclass
from typing import Literal

from email_gateway.parsing.bounce_patterns import (
    BODY_SIGNS,
    HARD_STATUS,
    HARD_WORDS,
    SENDER_LOCAL_PARTS,
    SOFT_STATUS,
    SOFT_WORDS,
    SUBJECT_SIGNS,
)
from email_gateway.parsing.model import ParsedMail

BounceKind = Literal["hard", "soft", "unknown"]

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45]\d\d)[ -](?=[#A-Za-z<5'\"4])")
_ADDRESS = re.compile(r"[^\s<>\"'(),;:@\[\]\\]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z0-9-]{1,63}")
_MESSAGE_ID = re.compile(r"^[>| \t]*message-id:\s*(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(r"^([A-Za-z-]{2,40}):[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_ORIGINAL_START = re.compile(
    r"^[ \t>]*(?:--.*(?:original|copy of|message header|returned|below this line).*|"
    r"(?:received|return-path|from): .*)$",
    re.IGNORECASE | re.MULTILINE,
)
_DELIVERY_TYPES = ("message/delivery-status", "message/global-delivery-status")
_SES_NOTIFICATION = re.compile(r'"notificationType"\s*:\s*"(Bounce|Complaint)"')
_LOOK_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says. hard: the address is dead; soft: try later or change the mail.

    `status` is an RFC 3463 code. `feedback` marks a spam complaint (ARF), not a failed delivery.
    """

    kind: BounceKind
    status: str | None
    failed_recipients: tuple[str, ...]
    original_message_id: str | None
    feedback: bool
    reason: str


def find_bounce(mail: ParsedMail) -> Bounce | None:
    """The delivery report in `mail`, or None when it is none."""
    reason = _sign(mail)
    if reason is None:
        return None
    fields = _delivery_fields(mail)
    spoken = _spoken_text(mail)
    status = _status(fields, spoken)
    feedback = reason == "feedback-report"
    return Bounce(
        kind="unknown" if feedback else _kind(status, fields, spoken),
        status=status,
        failed_recipients=_recipients(mail, fields, spoken),
        original_message_id=_original_message_id(mail),
        feedback=feedback,
        reason=reason,
    )


def _sign(mail: ParsedMail) -> str | None:
    """Which sign makes the mail a delivery report, None when there is not enough."""
    types = {part.content_type for part in mail.report_parts}
    if "message/feedback-report" in types or mail.report_type == "feedback-report":
        return "feedback-report"
    if types.intersection(_DELIVERY_TYPES) and mail.content_type.startswith("multipart/"):
        return "delivery-status"
    if mail.report_type == "delivery-status":
        return "report-type"
    if "x-failed-recipients" in mail.headers:
        return "x-failed-recipients"
    text = mail.text[:_LOOK_CHARS]
    notification = _SES_NOTIFICATION.search(text) if text.lstrip()[:1] == "{" else None
    if notification:
        return "feedback-report" if notification.group(1) == "Complaint" else "ses-notification"
    return _sign_in_words(mail, text)


def _sign_in_words(mail: ParsedMail, text: str) -> str | None:
    daemon = _from_daemon(mail)
    subject = SUBJECT_SIGNS.search(mail.subject) is not None
    if not (daemon or subject) or not (subject or BODY_SIGNS.search(text)):
        return None
    if daemon:
        return "mailer-daemon"
    if not BODY_SIGNS.search(text):
        return None
    null_sender = mail.return_path == "" and "auto-submitted" not in mail.headers
    if null_sender or mail.sender is None:
        return "null-sender"
    return "subject-and-status" if _STATUS.search(text) else None


def _from_daemon(mail: ParsedMail) -> bool:
    names = [mail.sender.email, mail.sender.name] if mail.sender else [mail.return_path or ""]
    return any(SENDER_LOCAL_PARTS.search(name) for name in names)


def _delivery_fields(mail: ParsedMail) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for part in mail.report_parts:
        if part.content_type in _DELIVERY_TYPES or part.content_type == "message/feedback-report":
            for name, value in _FIELD.findall(part.text[:_LOOK_CHARS]):
                found.append((name.lower(), " ".join(value.split())))
    return found


def _spoken_text(mail: ParsedMail) -> str:
    """The part of the text that speaks about the failure, without the returned mail."""
    text = mail.text[:_LOOK_CHARS]
    start = _ORIGINAL_START.search(text, 40)
    return text[: start.start()] if start and start.start() > 200 else text


def _status(fields: list[tuple[str, str]], spoken: str) -> str | None:
    coarse: str | None = None
    for name in ("status", "diagnostic-code"):
        for field, value in fields:
            match = _STATUS.search(value) if field == name else None
            if match and not match.group(1).endswith(".0.0"):
                return match.group(1)
            coarse = coarse or (match.group(1) if match else None)
    match = _STATUS.search(spoken)
    if match and (coarse is None or match.group(1)[0] == coarse[0]):
        return match.group(1)
    if coarse:
        return coarse
    reply = _REPLY_CODE.search(spoken)
    return f"{reply.group(1)[0]}.0.0" if reply else None


def _kind(status: str | None, fields: list[tuple[str, str]], spoken: str) -> BounceKind:
    diagnosis = " ".join(v for name, v in fields if name in ("diagnostic-code", "x-notes"))
    if status in ("5.1.7", "5.1.8"):
        return "soft"  # it is our own sender address that was refused
    for text in (_ADDRESS.sub("", diagnosis), _ADDRESS.sub("", spoken)):
        hard, soft = HARD_WORDS.search(text), SOFT_WORDS.search(text)
        if hard and soft:
            return "hard" if hard.start() < soft.start() else "soft"
        if hard or soft:
            return "hard" if hard else "soft"
    actions = {value.lower().split()[0] for name, value in fields if name == "action" and value}
    if actions and actions <= {"delivered", "relayed", "expanded"}:
        return "unknown"
    if status and SOFT_STATUS.match(status):
        return "soft"
    if status and HARD_STATUS.match(status):
        return "hard"
    return "soft" if "delayed" in actions else "unknown"


def _recipients(mail: ParsedMail, fields: list[tuple[str, str]], spoken: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for wanted in ("final-recipient", "original-recipient", "x-actual-recipient"):
        for name, value in fields:
            match = _ADDRESS.search(value) if name == wanted else None
            if match:
                found[match.group().lower()] = None
        if found:
            return tuple(found)[:100]
    for value in mail.headers.text_all("x-failed-recipients"):
        for address in _ADDRESS.findall(value[:4_000]):
            found[address.lower()] = None
    if not found:
        own = {address.email.lower() for address in (*mail.to, *mail.cc)}
        own.add(mail.sender.email.lower() if mail.sender else "")
        for address in _ADDRESS.findall(spoken):
            if address.lower() not in own:
                found[address.lower()] = None
                break
    return tuple(found)[:100]


def _original_message_id(mail: ParsedMail) -> str | None:
    for part in mail.report_parts:
        if part.content_type not in _DELIVERY_TYPES:
            match = _MESSAGE_ID.search(part.text)
            if match:
                return match.group(1)
    match = _MESSAGE_ID.search(mail.text)
    if match:
        return match.group(1)
    known = (*mail.in_reply_to, *reversed(mail.references))
    return known[0] if known else None
