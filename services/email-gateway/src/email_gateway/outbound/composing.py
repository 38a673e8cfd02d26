"""From a request to the bytes of a message; the original's body and attachments where one is sent
on (S2-111 .. S2-116).
"""

from dataclasses import dataclass, replace
from typing import Any

from email_gateway.parsing.build import OutgoingAttachment, OutgoingSpec, build_message
from email_gateway.parsing.limits import Limits, QuarantineError
from email_gateway.parsing.mail import extract_attachments, parse_mail
from email_gateway.parsing.tokens import make_message_id, make_token
from patchbay_contracts import SEALED_PLACE, PersonRef, SendEmail


@dataclass(frozen=True, slots=True)
class Composed:
    """A message ready to go. `sender` is the envelope's, empty for automatic mail (RFC 3834);
    `kept` is what the ledger shows of it, which is without the secret where it carries one.
    """

    raw: bytes
    kept: bytes
    message_id: str
    sender: str
    recipients: list[str]


NOT_KEPT = "(a link for the recipient alone, which is not kept here)"


def compose(
    request: SendEmail,
    mail_id: str,
    support_address: str,
    token_key: bytes,
    original: bytes | None,
    secret: str | None = None,
) -> Composed:
    """Blocking; the same request and mail id give the same Message-ID. `secret` is what the request
    has sealed.
    """
    domain = support_address.rpartition("@")[2] or "localhost"
    if request.ticket_id is not None:
        message_id = make_message_id(token_key, request.ticket_id, mail_id, domain)
        reply_to = tagged(support_address, make_token(token_key, request.ticket_id, mail_id))
    else:
        message_id, reply_to = f"<{mail_id}@{domain}>", support_address
    text, html, attachments = _content(request, original)
    spec = OutgoingSpec(
        from_name=request.from_name or "",
        from_address=support_address,
        reply_to=reply_to,
        to=[_pair(each) for each in request.to],
        cc=[_pair(each) for each in request.cc],
        subject=request.mail_subject,
        text=text,
        html=html,
        attachments=attachments,
        message_id=message_id,
        in_reply_to=request.in_reply_to,
        references=list(request.references),
        automatic=request.automatic,
    )
    people = [*request.to, *request.cc, *request.bcc]
    recipients = list(dict.fromkeys(each.email for each in people))
    raw, kept = _built(spec, secret)
    sender = "" if request.automatic else support_address
    return Composed(raw, kept, message_id, sender, recipients)


def _built(spec: OutgoingSpec, secret: str | None) -> tuple[bytes, bytes]:
    """The bytes to send, and those to keep."""
    if secret is None:
        raw = build_message(spec)
        return raw, raw
    sent, kept = (
        replace(spec, text=spec.text.replace(SEALED_PLACE, each)) for each in (secret, NOT_KEPT)
    )
    return build_message(sent), build_message(kept)


def tagged(address: str, token: str) -> str:
    """`support+<token>@example.com`."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def _pair(person: PersonRef) -> tuple[str, str]:
    return person.name, person.email


def _content(request: SendEmail, original: bytes | None) -> tuple[str, str | None, list[Any]]:
    if original is None:
        return request.text, request.html, []
    # It was taken in, whatever today's limit is.
    limits = Limits(raw_bytes=len(original))
    try:
        parsed = parse_mail(original, limits)
        files = extract_attachments(original, limits)
    except QuarantineError:
        return request.text, request.html, []
    attachments = [
        OutgoingAttachment(
            filename=each.filename,
            content_type=each.content_type,
            content=content,
            inline=each.inline,
            content_id=each.content_id,
        )
        for each, content in files
    ]
    return parsed.text, parsed.html, attachments
