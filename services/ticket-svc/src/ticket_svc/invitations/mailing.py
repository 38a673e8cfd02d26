"""Mailing an invitation, and what became of the mail.

Promise: the link is readable nowhere but in the mail itself. It travels sealed with a key that only
we and email-gateway have, which forgets it when the mail is sent or given up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Table, update

from patchbay_contracts import (
    SEALED_PLACE,
    EmailFailed,
    EmailSent,
    Envelope,
    MailPurpose,
    PersonRef,
    SendEmail,
)
from patchbay_kit.db import UnitOfWork
from patchbay_kit.runtime import Runtime
from patchbay_kit.secretbox import SecretBox, mail_secret_box
from ticket_svc.invitations.tables import Invitation

_INVITATION: Table = Invitation.__table__  # type: ignore[attr-defined]  # set by SQLModel
Kind = Literal["contact", "employee"]
_REQUEST = "invitation:"
MAX_ERROR = 500


@dataclass(frozen=True, slots=True)
class Mailing:
    """Where the pages are that a link leads to; `box` is None where nothing is mailed."""

    pages: Mapping[str, str]
    box: SecretBox | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An invitation to mail."""

    id: str
    person_id: str
    kind: Kind
    name: str
    address: str
    url: str = field(repr=False)
    expires_at: datetime
    reset: bool


def mailing_of(runtime: Runtime) -> Mailing:
    """As the settings say."""
    base = runtime.settings.public_url.rstrip("/")
    pages = {"contact": f"{base}/portal/invitation", "employee": f"{base}/invitation"}
    return Mailing(pages, mail_secret_box(runtime.settings.mail_secret_key))


def ask_for_mail(uow: UnitOfWork, wanted: Wanted, mailing: Mailing) -> None:
    """SendEmail, with the link sealed."""
    if mailing.box is None:
        raise ValueError("there is no key to seal the link with")
    request = SendEmail(
        request_id=_REQUEST + wanted.id,
        purpose=MailPurpose.MESSAGE,
        to=[
            PersonRef(id=wanted.person_id, kind=wanted.kind, name=wanted.name, email=wanted.address)
        ],
        mail_subject="Choose a new password" if wanted.reset else "Choose your password",
        text=_text(wanted),
        sealed=mailing.box.seal(wanted.url),
        good_until=wanted.expires_at,
        automatic=True,
    )
    uow.publish(request, subject=request.request_id, version=1)


async def note_invitation_mails(uow: UnitOfWork, events: Sequence[Envelope[Any]]) -> None:
    """What became of the mails of invitations, for whoever invited. Mails of others are skipped."""
    for event in sorted(events, key=lambda each: str(each.data.request_id)):
        invitation_id = _invitation_of(event.data)
        if invitation_id is None:
            continue
        mine = _INVITATION.c.id == invitation_id
        await uow.session.execute(update(_INVITATION).where(mine).values(_outcome(event.data)))


def _outcome(data: EmailSent | EmailFailed) -> dict[str, str | None]:
    if isinstance(data, EmailFailed):
        return {"mail_state": "failed", "mail_error": data.error[:MAX_ERROR]}
    return {"mail_state": "caught" if data.caught else "sent", "mail_error": None}


def _invitation_of(data: EmailSent | EmailFailed) -> str | None:
    if not data.request_id.startswith(_REQUEST):
        return None
    try:
        return str(UUID(data.request_id.removeprefix(_REQUEST)))
    except ValueError:
        return None


def _text(wanted: Wanted) -> str:
    why = (
        "Somebody, probably you, has asked for a new password"
        if wanted.reset
        else "You can sign in to our support desk"
    )
    return (
        f"Hello {wanted.name},\n\n"
        f"{why}. Choose your password here:\n\n"
        f"{SEALED_PLACE}\n\n"
        f"The link is good once, until {wanted.expires_at:%Y-%m-%d %H:%M} UTC. "
        f"Sign in with {wanted.address}.\n\n"
        "If you did not expect this mail, do nothing, and nothing changes.\n"
    )
