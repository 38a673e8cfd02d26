"""Who of a customer's people signs in: by a password that is set for them, or an invitation.

Promise: an invitation is good once and for 72 hours; only its SHA-256 is stored, which suffices for
256 random bits.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.auth import Principal, hash_password
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict, invalid
from ticket_svc.accounts.tables import Contact
from ticket_svc.employees.tables import Employee
from ticket_svc.portal.tables import ContactInvitation
from ticket_svc.sign_ins.attempts import forgive

INVITATION_FOR = timedelta(hours=72)

_INVITATION: Table = ContactInvitation.__table__  # type: ignore[attr-defined]  # set by SQLModel
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Invitation:
    """`token` is nowhere else."""

    token: str
    expires_at: datetime


async def set_password(uow: UnitOfWork, contact: Contact, password: str) -> None:
    """A password for the locked contact; a lock after failures and an invitation end."""
    await _check_may_sign_in(uow.session, contact)
    contact.password_hash = await hash_password(password)
    await _end_invitation(uow.session, contact.id)
    await forgive(uow.session, contact.email1, contact.email2)


async def invite(uow: UnitOfWork, contact: Contact, caller: Principal) -> Invitation:
    """A new invitation for the locked contact; it takes the place of an earlier one."""
    await _check_may_sign_in(uow.session, contact)
    await _end_invitation(uow.session, contact.id)
    token = secrets.token_urlsafe(32)
    invitation = ContactInvitation(
        contact_id=contact.id,
        digest=_digest(token),
        expires_at=uow.now + INVITATION_FOR,
        created_by=caller.actor,
        created_at=uow.now,
    )
    uow.session.add(invitation)
    await uow.session.flush()
    return Invitation(token, invitation.expires_at)


async def accept(uow: UnitOfWork, token: str, password: str) -> None:
    """The invited contact's password; 422 `invitation_invalid` for one that is not good now."""
    # Taken before it is used: of two at once one finds nothing.
    taken = await uow.session.execute(
        delete(_INVITATION)
        .where(_INVITATION.c.digest == _digest(token), _INVITATION.c.expires_at > uow.now)
        .returning(_INVITATION.c.contact_id)
    )
    contact_id = taken.scalar_one_or_none()
    contact = None
    if contact_id is not None:
        contact = await uow.session.get(Contact, contact_id, with_for_update=True)
    if contact is None or contact.archived_at is not None:
        raise invalid(
            "invitation_invalid",
            "The invitation is not good any more",
            field="/token",
            detail="It was used, has expired, or there is a newer one.",
            hint="Ask for a new one.",
        )
    await set_password(uow, contact, password)


async def withdraw(uow: UnitOfWork, contact: Contact) -> None:
    """The locked contact does not sign in any more, and whoever is signed in as them is out."""
    contact.password_hash = None
    await _end_invitation(uow.session, contact.id)
    await uow.session.flush()


async def invited_until(session: AsyncSession, contact_id: str) -> datetime | None:
    """When the contact's invitation ends, if there is one."""
    statement = select(_INVITATION.c.expires_at).where(_INVITATION.c.contact_id == contact_id)
    found: datetime | None = await session.scalar(statement)
    return found


async def _check_may_sign_in(session: AsyncSession, contact: Contact) -> None:
    if contact.archived_at is not None:
        raise conflict("contact_archived", "The contact is archived", hint="Restore it first.")
    addresses = [each for each in (contact.email1, contact.email2) if each]
    if not addresses:
        raise conflict(
            "contact_without_address",
            "The contact has no address to sign in with",
            hint="Give the contact an e-mail address first.",
        )
    theirs = or_(_EMPLOYEE.c.email1.in_(addresses), _EMPLOYEE.c.email2.in_(addresses))
    statement = select(_EMPLOYEE.c.id).where(theirs, _EMPLOYEE.c.active).limit(1)
    if await session.scalar(statement) is not None:
        raise conflict(
            "address_of_employee",
            "An employee has this address",
            detail="Whoever signs in with it is the employee, never the contact.",
            hint="Give the contact another address.",
        )


async def _end_invitation(session: AsyncSession, contact_id: str) -> None:
    await session.execute(delete(_INVITATION).where(_INVITATION.c.contact_id == contact_id))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
