"""Making, taking up and ending invitations to choose a password.

Promise: an invitation is good once, until it ends, and only while the address that it was mailed to
is the person's. Only its SHA-256 is stored, which suffices for 256 random bits.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeVar

from sqlalchemy import Row, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.ids import new_id
from ticket_svc.invitations.mailing import Kind, Mailing, Wanted, ask_for_mail
from ticket_svc.invitations.tables import Invitation

Purpose = Literal["invitation", "reset"]

GOOD_FOR: dict[Purpose, timedelta] = {
    "invitation": timedelta(hours=72),
    # Asked for by whoever knows the address, and waited for.
    "reset": timedelta(hours=1),
}
# Then it is not even shown as having ended.
KEPT_AFTER = timedelta(days=30)

_INVITATION: Table = Invitation.__table__  # type: ignore[attr-defined]  # set by SQLModel


class Person(Protocol):
    """An employee or a contact."""

    id: str
    name: str
    email1: str | None
    email2: str | None
    password_hash: str | None


P = TypeVar("P", bound=Person)


@dataclass(frozen=True, slots=True)
class Made:
    """`token` is nowhere else, but in the mail."""

    token: str
    url: str
    expires_at: datetime
    mailed_to: str | None


async def invite(
    uow: UnitOfWork,
    kind: Kind,
    person: Person,
    mailing: Mailing,
    *,
    by: str,
    mail: bool = True,
    purpose: Purpose = "invitation",
    address: str | None = None,
) -> Made:
    """A new invitation for the locked person; it takes the place of an earlier one.

    It is mailed where mails can carry secrets (`Mailing.box`), to the address or the first one.
    """
    await end(uow.session, person.id, purpose)
    token = secrets.token_urlsafe(32)
    # After the #: browsers keep that to themselves, so that it is in nobody's log.
    url = f"{mailing.pages[kind]}#{token}"
    address = address or person.email1 or person.email2
    mailed_to = address if mail and mailing.box is not None else None
    invitation = Invitation(
        id=new_id(),
        person_kind=kind,
        person_id=person.id,
        purpose=purpose,
        digest=_digest(token),
        expires_at=uow.now + GOOD_FOR[purpose],
        mailed_to=mailed_to,
        mail_state="asked" if mailed_to else None,
        created_by=by,
        created_at=uow.now,
    )
    uow.session.add(invitation)
    await uow.session.flush()
    if mailed_to is not None:
        wanted = Wanted(
            id=invitation.id,
            person_id=person.id,
            kind=kind,
            name=person.name,
            address=mailed_to,
            url=url,
            expires_at=invitation.expires_at,
            reset=purpose == "reset",
        )
        ask_for_mail(uow, wanted, mailing)
    return Made(token, url, invitation.expires_at, mailed_to)


async def take(uow: UnitOfWork, token: str, kind: Kind, model: type[P]) -> P:
    """The locked person whose invitation it is, which is used up; 422 `invitation_invalid`."""
    good = (
        _INVITATION.c.digest == _digest(token),
        _INVITATION.c.person_kind == kind,
        _INVITATION.c.expires_at > uow.now,
    )
    person_id = await uow.session.scalar(select(_INVITATION.c.person_id).where(*good))
    # The person before the invitation, as everybody locks them.
    person = await uow.session.get(model, person_id, with_for_update=True) if person_id else None
    # Taken before it is used: of two at once one finds nothing.
    taken = await uow.session.execute(
        delete(_INVITATION).where(*good).returning(_INVITATION.c.mailed_to)
    )
    row = taken.one_or_none()
    if person is None or row is None or row.mailed_to not in (None, person.email1, person.email2):
        raise invitation_invalid()
    return person


async def end(session: AsyncSession, person_id: str, *purposes: Purpose) -> None:
    """The person's invitations are not good any more: of these purposes, or all."""
    statement = delete(_INVITATION).where(_INVITATION.c.person_id == person_id)
    if purposes:
        statement = statement.where(_INVITATION.c.purpose.in_(purposes))
    await session.execute(statement)


async def latest(session: AsyncSession, person_id: str) -> Row[tuple[object, ...]] | None:
    """The person's invitation by the desk, which may have ended."""
    columns = ("expires_at", "mailed_to", "mail_state", "mail_error")
    statement = select(*(_INVITATION.c[name] for name in columns)).where(
        _INVITATION.c.person_id == person_id, _INVITATION.c.purpose == "invitation"
    )
    return (await session.execute(statement)).one_or_none()


async def made_since(
    session: AsyncSession, person_id: str, purpose: Purpose, since: datetime
) -> bool:
    """Whether the person was given one lately."""
    statement = select(_INVITATION.c.id).where(
        _INVITATION.c.person_id == person_id,
        _INVITATION.c.purpose == purpose,
        _INVITATION.c.created_at > since,
    )
    return await session.scalar(statement) is not None


async def forget_ended(uow: UnitOfWork) -> None:
    """Remove what ended a month ago."""
    old = _INVITATION.c.expires_at < uow.now - KEPT_AFTER
    await uow.session.execute(delete(_INVITATION).where(old))


def invitation_invalid() -> ProblemError:
    """422, whatever the reason: it is nobody's business."""
    return invalid(
        "invitation_invalid",
        "The invitation is not good any more",
        field="/token",
        detail="It was used or withdrawn, has expired, or there is a newer one.",
        hint="Ask for a new one.",
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
