"""From raw bytes to evidence:

parsing, classification, reply tokens. Pure and blocking: run it in a thread.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from email_gateway.intake.evidence import draft
from email_gateway.intake.identity import Identity
from email_gateway.intake.raw import RawMail
from email_gateway.parsing.automation import Classification, classify
from email_gateway.parsing.limits import QuarantineError, QuarantineReason
from email_gateway.parsing.mail import parse_mail
from email_gateway.parsing.model import ParsedMail
from patchbay_contracts import EmailReceived

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a mail says, and the event for it but for its number."""

    parsed: ParsedMail
    classification: Classification
    event: EmailReceived


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What reading a mail gave: evidence, or why it is quarantined."""

    raw: RawMail
    fingerprint: str
    evidence: Evidence | None = None
    quarantine: QuarantineError | None = None


def read_mails(mails: Sequence[RawMail], identity: Identity, day: str) -> list[ReadMail]:
    """Read each mail; one that is over a limit, or that breaks a reader, is quarantined and stops
    nobody.

    `day` bounds the fingerprint of mails that carry neither Message-ID nor Date.
    """
    return [_read(mail, identity, day) for mail in mails]


def _read(mail: RawMail, identity: Identity, day: str) -> ReadMail:
    try:
        evidence = _evidence(mail, identity)
        return ReadMail(mail, _fingerprint(mail, evidence.parsed, day), evidence)
    except QuarantineError as error:
        return ReadMail(mail, _fingerprint(mail, None, day), quarantine=error)


def _evidence(mail: RawMail, identity: Identity) -> Evidence:
    if mail.oversize:
        detail = f"over {identity.limits.raw_bytes} bytes; the whole mail is still in its mailbox"
        raise QuarantineError(QuarantineReason.RAW_TOO_LARGE, detail)
    if mail.withheld:
        detail = "its server did not hand it out; the whole mail is still in its mailbox"
        raise QuarantineError(QuarantineReason.WITHHELD, detail)
    try:
        parsed = parse_mail(mail.raw, identity.limits)
        classification = classify(parsed, identity.own)
        return Evidence(parsed, classification, draft(mail, parsed, classification, identity))
    except QuarantineError:
        raise
    except Exception as error:
        # A defect of ours must cost one mail a person's look, not stop a mailbox.
        log.exception("a mail broke its reader")
        raise QuarantineError(QuarantineReason.UNPARSABLE, type(error).__name__) from error


def _fingerprint(mail: RawMail, parsed: ParsedMail | None, day: str) -> str:
    """The same mail delivered again to the same place has the same fingerprint, whatever trace
    headers it gathered.
    """
    digest = hashlib.sha256((mail.mailbox_id or "port").encode())
    unified = mail.raw.replace(b"\r\n", b"\n")
    if parsed is None:
        # Two mails of which nothing came are two all the same.
        digest.update(unified or f"{mail.uidvalidity}/{mail.uid}".encode())
        return digest.hexdigest()
    named = not parsed.message_id_synthesised
    parts = (
        parsed.message_id if named else "",
        parsed.sender.email if parsed.sender else "",
        parsed.subject,
        parsed.date.isoformat() if parsed.date else "",
        "" if named or parsed.date else day,
    )
    for part in parts:
        digest.update(b"\x00" + part.encode("utf-8", "replace"))
    digest.update(b"\x00" + unified.partition(b"\n\n")[2].rstrip(b"\n"))
    return digest.hexdigest()
