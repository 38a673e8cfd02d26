"""Customers who are named as recipients of a ticket, checked, and each person once (S2-138)."""

from collections.abc import Collection, Sequence

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.errors import invalid
from ticket_svc.accounts.tables import Contact
from ticket_svc.desk.service import refuse_support_among
from ticket_svc.tickets.people import NewRecipient, external
from ticket_svc.tickets.recipient_schemas import ExternalRecipient
from ticket_svc.tickets.references import check_contacts
from ticket_svc.tickets.same_person import contacts_behind, each_once

_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def given_customers(
    session: AsyncSession,
    account_id: str,
    wanted: Sequence[ExternalRecipient],
    field: str,
    *,
    known: Collection[str | None] = (),
) -> list[NewRecipient]:
    """Those of the request for a ticket of the account.

    422 `contact_unknown`, and `contact_archived` for contacts that are not `known` to the ticket;
    409 `support_address_taken`.
    """
    contacts = {each.contact_id for each in wanted if each.contact_id}
    await check_contacts(session, contacts, field)
    await refuse_archived_contacts(session, contacts.difference(known), field)
    await refuse_support_among(session, [each.email for each in wanted], field)
    given = [
        external(each.email, name=each.name, contact_id=each.contact_id, place=each.place)
        for each in wanted
    ]
    return each_once(given, await contacts_behind(session, account_id, given))


async def refuse_archived_contacts(
    session: AsyncSession, contacts: Collection[str], field: str
) -> None:
    """422 `contact_archived` where one of them is not offered any more."""
    if not contacts:
        return
    statement = select(_CONTACT.c.name).where(
        _CONTACT.c.id.in_(sorted(contacts)), _CONTACT.c.archived_at.is_not(None)
    )
    name = await session.scalar(statement.limit(1))
    if name is not None:
        detail = f"{name!r} is archived."
        raise invalid("contact_archived", "The contact is archived", field=field, detail=detail)
