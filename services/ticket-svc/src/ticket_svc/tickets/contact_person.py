"""Another contact person brings their own address with them (S2-130).

A list of external recipients that anybody has edited by hand stays as it is: it is replaced only
while it is exactly what the former contact person, or the account's main contact, had given it.
"""

from typing import Any

from sqlalchemy import Row, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import PersonRef
from patchbay_kit.db import UnitOfWork, insert_many
from ticket_svc.accounts.tables import Contact
from ticket_svc.tickets.directory import account_facts
from ticket_svc.tickets.opening import recipient_row
from ticket_svc.tickets.people import external
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.tables import Recipient

_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]


async def follow_contact(uow: UnitOfWork, row: Row[Any], contact_id: str | None) -> NewEntry | None:
    """Replace the default external recipient of the locked ticket; the entry that says so, or None
    where nothing had to be done.
    """
    session = uow.session
    before = await _address(session, row.account_id, row.contact_id)
    after = await _address(session, row.account_id, contact_id)
    held = await _externals(session, row.id)
    if after is None or not _untouched(held, before, row.contact_id):
        return None
    old = [each.email for each in held]
    if old == [after.email.lower()]:
        return None
    here = (_RECIPIENT.c.ticket_id == row.id) & (_RECIPIENT.c.list_name == "external")
    await session.execute(delete(_RECIPIENT).where(here))
    known = after.id if after.kind == "contact" else None
    chosen = external(after.email, name=after.name, contact_id=known)
    await insert_many(session, _RECIPIENT, [recipient_row(row.id, chosen)])
    data = {"field": "recipients", "old": old, "new": [chosen.email]}
    text = f"External recipient: {', '.join(old) or 'none'} → {chosen.email}"
    return NewEntry("audit", text, uow.now, data=data)


async def _address(
    session: AsyncSession, account_id: str, contact_id: str | None
) -> PersonRef | None:
    """Whom a ticket with this contact person writes to by default (S2-129, S2-130)."""
    if contact_id is not None:
        found = await session.execute(select(_CONTACT).where(_CONTACT.c.id == contact_id))
        contact = found.one_or_none()
        if contact is not None and (email := contact.email1 or contact.email2):
            return PersonRef(id=contact.id, kind="contact", name=contact.name, email=email)
    return (await account_facts(session, [account_id]))[account_id].main_contact


def _untouched(held: list[Row[Any]], default: PersonRef | None, contact_id: str | None) -> bool:
    """Whether the list is what the ticket was given: the default, or the contact who wrote it."""
    if default is None or not held:
        return default is None and not held
    if len(held) != 1 or held[0].place != "to":
        return False
    written = contact_id is not None and held[0].contact_id == contact_id
    return written or bool(held[0].email == default.email.lower())


async def _externals(session: AsyncSession, ticket_id: str) -> list[Row[Any]]:
    statement = select(_RECIPIENT.c.email, _RECIPIENT.c.place, _RECIPIENT.c.contact_id).where(
        _RECIPIENT.c.ticket_id == ticket_id, _RECIPIENT.c.list_name == "external"
    )
    return list((await session.execute(statement)).all())
