"""Who of a customer's people signs in: by a password that is set for them, or an invitation."""

from sqlalchemy import Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.auth import Principal, hash_password
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict
from ticket_svc.accounts.tables import Contact
from ticket_svc.employees.tables import Employee
from ticket_svc.invitations import service
from ticket_svc.invitations.mailing import Mailing
from ticket_svc.invitations.service import Made, invitation_invalid
from ticket_svc.sign_ins.attempts import forgive

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def set_password(uow: UnitOfWork, contact: Contact, password: str) -> None:
    """A password for the locked contact; a lock after failures and invitations end."""
    await _check_may_sign_in(uow.session, contact)
    contact.password_hash = await hash_password(password)
    await service.end(uow.session, contact.id)
    await forgive(uow.session, contact.email1, contact.email2)


async def invite(
    uow: UnitOfWork, contact: Contact, caller: Principal, mailing: Mailing, *, mail: bool
) -> Made:
    """A new invitation for the locked contact; it takes the place of an earlier one."""
    await _check_may_sign_in(uow.session, contact)
    return await service.invite(uow, "contact", contact, mailing, by=caller.actor, mail=mail)


async def accept(uow: UnitOfWork, token: str, password: str) -> None:
    """The invited contact's password; 422 `invitation_invalid` for one that is not good now."""
    contact = await service.take(uow, token, "contact", Contact)
    if contact.archived_at is not None:
        raise invitation_invalid()
    await set_password(uow, contact, password)


async def withdraw(uow: UnitOfWork, contact: Contact) -> None:
    """The locked contact does not sign in any more, and whoever is signed in as them is out."""
    contact.password_hash = None
    await service.end(uow.session, contact.id)
    await uow.session.flush()


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
