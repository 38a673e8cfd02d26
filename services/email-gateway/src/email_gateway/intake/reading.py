"""From raw bytes to evidence:

parsing, classification, reply tokens. Pure and blocking: run it in a thread.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from email_gateway.parsing.addresses import Address
from email_gateway.parsing.authentication import authenticate
from email_gateway.parsing.automation import Classification, OwnIdentity, classify
from email_gateway.parsing.limits import Limits, QuarantineError
from email_gateway.parsing.mail import parse_mail
from email_gateway.parsing.model import ParsedMail
from email_gateway.parsing.reply import new_part
from email_gateway.parsing.subjects import subject_numbers
from email_gateway.parsing.tokens import ticket_from_addresses, ticket_from_references
from patchbay_contracts import (
    AttachmentInfo,
    AutomationClass,
    BounceInfo,
    EmailReceived,
    MailRef,
    PersonRef,
)

MAX_TEXT = 64 * 1024
MAX_NEW_TEXT = 32 * 1024
MAX_PEOPLE = 100
MAX_ATTACHMENTS = 100

Via = Literal["imap", "smtp", "lmtp", "api"]


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail as it came. `recipients` are the envelope's, empty over IMAP."""

    raw: bytes
    via: Via
    mailbox_id: str | None = None
    envelope_sender: str | None = None
    recipients: tuple[str, ...] = ()
    uidvalidity: int = 0
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are: our addresses (lower case), the key of reply tokens, the host that we trust."""

    own: OwnIdentity
    token_key: bytes
    authserv_id: str | None
    limits: Limits


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What reading a mail gave: evidence, or why it is quarantined."""

    raw: RawMail
    fingerprint: str
    parsed: ParsedMail | None = None
    classification: Classification | None = None
    quarantine: QuarantineError | None = None


def read_mails(mails: Sequence[RawMail], identity: Identity, day: str) -> list[ReadMail]:
    """Read each mail; one that is over a limit is quarantined and stops nobody.

    `day` bounds the fingerprint of mails that carry neither Message-ID nor Date.
    """
    return [_read(mail, identity, day) for mail in mails]


def _read(mail: RawMail, identity: Identity, day: str) -> ReadMail:
    try:
        parsed = parse_mail(mail.raw, identity.limits)
    except QuarantineError as error:
        return ReadMail(mail, _fingerprint(mail, None, day), quarantine=error)
    classification = classify(parsed, identity.own)
    return ReadMail(mail, _fingerprint(mail, parsed, day), parsed, classification)


def _fingerprint(mail: RawMail, parsed: ParsedMail | None, day: str) -> str:
    """The same mail delivered again to the same place has the same fingerprint, whatever trace
    headers it gathered.
    """
    digest = hashlib.sha256((mail.mailbox_id or "port").encode())
    if parsed is None:
        digest.update(mail.raw.replace(b"\r\n", b"\n"))
        return digest.hexdigest()
    body = mail.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
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
    digest.update(b"\x00" + body.rstrip(b"\n"))
    return digest.hexdigest()


def evidence(
    read: ReadMail, mail_id: str, received_at: datetime, identity: Identity
) -> EmailReceived:
    """The event for a mail that could be read."""
    parsed, classification = read.parsed, read.classification
    assert parsed is not None and classification is not None  # noqa: S101, PT018  # the caller checked
    part = new_part(parsed.text, parsed.html, parsed.subject)
    answered = [*parsed.references, *parsed.in_reply_to]
    addressed = [
        *read.raw.recipients,
        *parsed.delivered_to,
        *_emails(parsed.to),
        *_emails(parsed.cc),
    ]
    token = ticket_from_addresses(identity.token_key, addressed) or ticket_from_references(
        identity.token_key, answered
    )
    return EmailReceived(
        mail=MailRef(mail_id=mail_id, message_id=parsed.message_id, received_at=received_at),
        mailbox_id=read.raw.mailbox_id,
        via=read.raw.via,
        sender=_person(parsed.sender) if parsed.sender and parsed.sender.email else None,
        envelope_sender=read.raw.envelope_sender,
        to=[_person(each) for each in parsed.to[:MAX_PEOPLE]],
        cc=[_person(each) for each in parsed.cc[:MAX_PEOPLE]],
        addressed_as=_addressed_as(read.raw, parsed, identity),
        subject=parsed.subject,
        text=parsed.text[:MAX_TEXT],
        new_text=part.text[:MAX_NEW_TEXT],
        text_truncated=len(parsed.text) > MAX_TEXT,
        in_reply_to=parsed.in_reply_to[0] if parsed.in_reply_to else None,
        references=list(parsed.references),
        subject_numbers=subject_numbers(parsed.subject)[:20],
        token_ticket_id=token,
        automation=AutomationClass(str(classification.kind)),
        bounce=_bounce(classification),
        authentication=_authentication(parsed, identity),
        attachments=[
            AttachmentInfo(
                index=each.index,
                filename=each.filename,
                content_type=each.content_type,
                size=each.size,
                inline=each.inline,
                content_id=each.content_id,
            )
            for each in parsed.attachments[:MAX_ATTACHMENTS]
        ],
    )


def _authentication(
    parsed: ParsedMail, identity: Identity
) -> Literal["pass", "fail", "none", "unknown"]:
    """`unknown` only where no host is set to check senders; a set host's silence is `none`."""
    verdict = authenticate(parsed, identity.authserv_id).verdict
    return "none" if verdict == "unknown" and identity.authserv_id else verdict


def _person(address: Address) -> PersonRef:
    return PersonRef(kind="address", name=address.name, email=address.email)


def _emails(addresses: Sequence[Address]) -> list[str]:
    return [address.email for address in addresses]


def _addressed_as(
    raw: RawMail, parsed: ParsedMail, identity: Identity
) -> Literal["to", "cc", "bcc"]:
    """Where our own address stood (S2-109):

    known by the envelope, else by the addresses that are ours.
    """
    ours = {each.lower() for each in raw.recipients} | identity.own.addresses
    bare = ours | {_without_tag(each) for each in ours}
    for place, people in (("to", parsed.to), ("cc", parsed.cc)):
        if any(each.email.lower() in ours or _without_tag(each.email) in bare for each in people):
            return "to" if place == "to" else "cc"
    return "bcc"


def _without_tag(address: str) -> str:
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _bounce(classification: Classification) -> BounceInfo | None:
    bounce = classification.bounce
    if bounce is None:
        return None
    return BounceInfo(
        kind=bounce.kind,
        status=bounce.status,
        failed_recipients=list(bounce.failed_recipients[:20]),
        original_message_id=bounce.original_message_id,
    )
