"""The event that a read mail becomes: evidence for ticket-svc, bounded in size. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from email_gateway.intake.identity import Identity
from email_gateway.intake.raw import RawMail
from email_gateway.parsing.addresses import Address
from email_gateway.parsing.authentication import authenticate
from email_gateway.parsing.automation import Classification
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
MAX_NAME = 200
MAX_ADDRESS = 320
# What an event's data may take as JSON: 256 kB less room for the envelope.
MAX_EVENT_BYTES = 240 * 1024
# A mail below this cannot make too large an event, however its characters are written.
_SURELY_SMALL = 16 * 1024
_SHORT_TEXT = 4 * 1024
_UNKNOWN = datetime(1, 1, 1, tzinfo=UTC)


def draft(
    raw: RawMail, parsed: ParsedMail, classification: Classification, identity: Identity
) -> EmailReceived:
    """The event, but for the mail's id and time, which the ledger gives: see `numbered`."""
    part = new_part(parsed.text, parsed.html, parsed.subject)
    event = EmailReceived(
        mail=MailRef(mail_id="", message_id=parsed.message_id, received_at=_UNKNOWN),
        mailbox_id=raw.mailbox_id,
        via=raw.via,
        sender=next(iter(_people([parsed.sender] if parsed.sender else [])), None),
        envelope_sender=raw.envelope_sender,
        to=_people(parsed.to),
        cc=_people(parsed.cc),
        addressed_as=_addressed_as(raw, parsed, identity),
        subject=parsed.subject,
        text=parsed.text[:MAX_TEXT],
        new_text=part.text[:MAX_NEW_TEXT],
        text_truncated=len(parsed.text) > MAX_TEXT,
        in_reply_to=parsed.in_reply_to[0] if parsed.in_reply_to else None,
        references=list(parsed.references),
        subject_numbers=subject_numbers(parsed.subject)[:20],
        token_ticket_id=_token(raw, parsed, identity),
        automation=AutomationClass(str(classification.kind)),
        bounce=_bounce(classification),
        authentication=authenticate(parsed, identity.authserv_id).verdict,
        attachments=_attachments(parsed),
    )
    return event if len(raw.raw) < _SURELY_SMALL else fitted(event)


def numbered(event: EmailReceived, mail_id: str, received_at: datetime) -> EmailReceived:
    """The draft as the event of one ledger row."""
    ref = MailRef(mail_id=mail_id, message_id=event.mail.message_id, received_at=received_at)
    return event.model_copy(update={"mail": ref})


def fitted(event: EmailReceived) -> EmailReceived:
    """The event within MAX_EVENT_BYTES: texts are halved first, then lists. The original, and so
    everything that is left out here, stays in the ledger.
    """
    while len(event.model_dump_json(exclude_none=True).encode()) > MAX_EVENT_BYTES:
        event = event.model_copy(update=_smaller(event))
    return event


def _smaller(event: EmailReceived) -> dict[str, Any]:
    longest = max(len(event.text), len(event.new_text))
    if longest > _SHORT_TEXT:
        size = longest // 2
        changes: dict[str, Any] = {"text": event.text[:size], "new_text": event.new_text[:size]}
        return {**changes, "text_truncated": True}
    halved = {name: getattr(event, name) for name in ("to", "cc", "attachments")}
    newest = event.references[-(len(event.references) // 2) :] if event.references[1:] else []
    return {name: each[: len(each) // 2] for name, each in halved.items()} | {"references": newest}


def _token(raw: RawMail, parsed: ParsedMail, identity: Identity) -> str | None:
    people = [*parsed.to, *parsed.cc]
    addressed = [*raw.recipients, *parsed.delivered_to, *(each.email for each in people)]
    answered = [*parsed.references, *parsed.in_reply_to]
    return ticket_from_addresses(identity.token_key, addressed) or ticket_from_references(
        identity.token_key, answered
    )


def _people(addresses: Iterable[Address]) -> list[PersonRef]:
    """The first people; what is longer than an address may be is none (RFC 5321, 4.5.3.1)."""
    usable = [each for each in addresses if 0 < len(each.email) <= MAX_ADDRESS][:MAX_PEOPLE]
    return [
        PersonRef(kind="address", name=each.name[:MAX_NAME], email=each.email) for each in usable
    ]


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
        failed_recipients=_short(bounce.failed_recipients[:20]),
        original_message_id=bounce.original_message_id,
    )


def _short(addresses: Sequence[str]) -> list[str]:
    return [each[:MAX_ADDRESS] for each in addresses]


def _attachments(parsed: ParsedMail) -> list[AttachmentInfo]:
    return [
        AttachmentInfo(
            index=each.index,
            filename=each.filename,
            content_type=each.content_type,
            size=each.size,
            inline=each.inline,
            content_id=each.content_id,
        )
        for each in parsed.attachments[:MAX_ATTACHMENTS]
    ]
